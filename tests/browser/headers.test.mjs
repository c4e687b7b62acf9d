// Every answer of the product has the headers that keep a browser from being used against it: each path, by each method, for
// a stranger and for an administrator. The numbers are those of the threats.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { heading, signInWithPassword } from './ledgerline.mjs';
import { passwords, start } from './product.mjs';
import { routes } from './routes.mjs';
import { stage } from './stage.mjs';

const POLICY = [
  "default-src 'none'", // T24
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'", // T28: a sign-in starts by a link
  "frame-ancestors 'none'", // T30
  "base-uri 'none'",
];
const ALWAYS = {
  'content-security-policy': POLICY.join('; '),
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};
const CODES = { 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' }; // T21
const PAGES = { 'referrer-policy': 'same-origin', 'cache-control': 'no-store' };
const ASSETS = { 'referrer-policy': 'same-origin', 'cache-control': 'public, max-age=300' };

// What a path answers with on top of that, and only where it answers that method.
function also(path, method) {
  const reads = ['GET', 'HEAD'].includes(method);
  if (reads && path.startsWith('/sso/okta/')) return CODES;
  if (reads && (path.startsWith('/assets/') || path === '/favicon.ico')) return ASSETS;
  return PAGES;
}

const paths = [...routes().everyLedgerline, '/nowhere'].map((path) => path.replaceAll(/\{\w+\}/g, 'acme'));
assert.ok(paths.length > 40, `${paths}`);

// Goes to every path by every method, without the proof that a form of the product's carries.
async function every(ask) {
  const wrong = [];
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS']) {
      const headers = await ask(path, method);
      for (const [name, value] of Object.entries({ ...ALWAYS, ...also(path, method) })) {
        if (headers[name] !== value) wrong.push(`${method} ${path}: ${name}: ${headers[name]}`);
      }
      if (/^access-control-/m.test(Object.keys(headers).join('\n'))) wrong.push(`${method} ${path} lets other sites read it`);
    }
  }
  assert.deepEqual(wrong, []);
}

const scene = stage();

scene('every answer has its headers', async ({ person, product }) => {
  for (const signIn of [() => {}, (page) => signInWithPassword(page, product, passwords.gina)]) {
    const page = await person();
    await signIn(page);
    const { request } = page.context();
    await every(async (path, method) => {
      const answer = await request.fetch(`${product.url}${path}`, { method, maxRedirects: 0 });
      assert.ok(answer.status() < 500, `${method} ${path}: ${answer.status()}`);
      assert.equal(answer.headers()['strict-transport-security'], undefined, 'plain http');
      return answer.headers();
    });
    if (signIn.length > 0) {
      await page.goto(product.url);
      await heading(page, 'Hello, Gina');
    }
  }
});

test('behind TLS every answer tells browsers to stay there', async () => {
  const port = await freePort();
  const product = await start('--public-url', 'https://ledgerline.example', '--listen', `127.0.0.1:${port}`);
  try {
    await every(async (path, method) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, redirect: 'manual' });
      const headers = Object.fromEntries(answer.headers);
      assert.equal(headers['strict-transport-security'], 'max-age=31536000', `${method} ${path}`);
      return headers;
    });
  } finally {
    assert.equal(await product.stop(), 0);
  }
});

async function freePort() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}
