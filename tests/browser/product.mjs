// The product, freshly started with an empty database, and a development Okta beside it.

import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('../../', import.meta.url));
const program = process.env.OKTA_SSO_DEMO ?? 'target/debug/okta-sso-demo';

// Starts on free ports, unless `flags` say otherwise. Everybody is who `demo/seed.toml` says; `url` and `okta` are where the two are, `custom` is Okta's
// custom domain, and `recordings` the folder of failed sign-ins that were recorded.
export async function start(...flags) {
  const place = mkdtempSync(join(tmpdir(), 'ledgerline-'));
  const recordings = join(place, 'recordings');
  const running = spawn(
    program,
    [
      'serve',
      ...(flags.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']),
      ...['--dev-okta', '127.0.0.1:0'],
      ...['--database', 'memory'],
      ...['--key-file', 'demo/tests/sealing.key'],
      ...['--compiled-cache', 'target/tmp/compiled'],
      ...['--recordings', recordings],
      ...flags,
      '--danger-allow-loopback',
    ],
    { cwd: workspace, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  running.stderr.on('data', (text) => {
    log += text;
  });
  const ended = new Promise((end) => running.once('exit', end));
  const welcome = await new Promise((ready, failed) => {
    let said = '';
    running.stdout.on('data', (text) => {
      said += text;
      if (/^Okta custom URL .*\n/m.test(said)) ready(said);
    });
    running.once('error', failed);
    running.once('exit', (code) => failed(new Error(`${program} ended with ${code}:\n${log}`)));
  });
  const address = (name) => new RegExp(`^${name} +(\\S+)`, 'm').exec(welcome)[1];
  return {
    url: address('Ledgerline'),
    okta: address('Okta dashboard'),
    custom: address('Okta custom URL'),
    recordings,
    log: () => log,
    async stop() {
      running.kill('SIGTERM');
      const status = await ended;
      await rm(place, { recursive: true });
      return status;
    },
  };
}

// Who can sign in with what, by `demo/seed.toml`: at Okta, and in Ledgerline itself.
const at = (login, password) => ({ login, password });
export const people = {
  anna: at('anna@acme.example', 'northwind-okta'),
  bo: at('bo@acme.example', 'northwind-okta'),
  carl: at('carl@acme.example', 'northwind-okta'),
  dan: at('dan@acme.example', 'northwind-okta'),
  eve: at('eve@acme.example', 'northwind-okta'),
  gina: at('gina@globex.example', 'northwind-okta'),
  hal: at('hal@globex.example', 'northwind-okta'),
};
export const passwords = {
  gina: at('gina@globex.example', 'ledgerline-demo'),
  hal: at('hal@globex.example', 'ledgerline-demo'),
  ida: at('ida@adviser.example', 'ledgerline-demo'),
};
