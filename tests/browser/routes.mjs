// The paths that the two routers answer to GET, read from where they are declared.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('../../', import.meta.url));
const read = (file) => readFileSync(`${workspace}${file}`, 'utf8');
const folder = (path) =>
  readdirSync(`${workspace}${path}`, { recursive: true })
    .filter((file) => file.endsWith('.rs'))
    .map((file) => read(`${path}/${file}`))
    .join('\n');

export function routes() {
  const web = read('demo/src/web.rs') + folder('demo/src/web');
  const nested = [...web.matchAll(/\.nest\(\s*"([^"]+)"/g)].map(([, prefix]) => prefix);
  assert.deepEqual(nested, ['/sso/okta'], 'a router under another path, of which this file does not know');
  const signIn = gets(read('host/src/axum.rs')).map((path) => `/sso/okta${path}`);
  return { ledgerline: [...gets(web), ...signIn], okta: oktaRoutes() };
}

// The development Okta has the same endpoints for each of its authorization servers.
function oktaRoutes() {
  const constants = folder('demo/src/dev_okta');
  const [own, endpoints] = read('demo/src/dev_okta/routes.rs').split('fn endpoints()');
  const servers = [...own.matchAll(/\.nest\(\s*"([^"]+)", endpoints\(\)\)/g)].map(([, prefix]) => prefix);
  assert.equal(servers.length, own.split('.nest(').length - 1, 'a router of which this file does not know');
  return [...gets(own, constants), ...servers.flatMap((prefix) => gets(endpoints).map((path) => prefix + path))];
}

// Every `.route(PATH, …get(…)…)`; a declaration that cannot be read is an error.
function gets(source, constants = source) {
  const paths = [];
  for (const { index } of source.matchAll(/\.route\(/g)) {
    const call = source.slice(index, end(source, index));
    const [, literal, constant, handlers] = /^\.route\(\s*(?:"([^"]+)"|(?:\w+::)*(\w+)),([\s\S]*)$/.exec(call);
    assert.match(handlers, /\b(get|post|asset)\(/, call);
    const path = literal ?? new RegExp(`const ${constant}: &str = "([^"]+)"`).exec(constants)[1];
    if (/\b(get|asset)\(/.test(handlers)) paths.push(path);
  }
  assert.notEqual(paths.length, 0);
  return paths;
}

// Where the parenthesis that opens first is closed.
function end(source, from) {
  let depth = 0;
  for (let at = source.indexOf('(', from); at < source.length; at += 1) {
    if (source[at] === '(') depth += 1;
    if (source[at] === ')') depth -= 1;
    if (depth === 0) return at + 1;
  }
  throw new Error('a parenthesis is not closed');
}

// Whether a path is one of a route: `{name}` stands for one segment.
export const matches = (route, path) => new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
