// The paths that the two routers answer, read from where they are declared.

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

const GET = /\b(get|asset)\(/;
const ANY = /\b(get|post|asset)\(/;

export function routes() {
  const web = read('demo/src/web.rs') + folder('demo/src/web');
  const nested = [...web.matchAll(/\.nest\(\s*"([^"]+)"/g)].map(([, prefix]) => prefix);
  assert.deepEqual(nested, ['/sso/okta'], 'a router under another path, of which this file does not know');
  const signIn = read('host/src/axum.rs');
  const all = (answers) => [...paths(web, answers), ...paths(signIn, answers).map((path) => `/sso/okta${path}`)];
  return { ledgerline: all(GET), okta: oktaRoutes(), everyLedgerline: all(ANY) };
}

// The development Okta has the same endpoints for each of its authorization servers.
function oktaRoutes() {
  const constants = folder('demo/src/dev_okta');
  const [own, endpoints] = read('demo/src/dev_okta/routes.rs').split('fn endpoints()');
  const servers = [...own.matchAll(/\.nest\(\s*"([^"]+)", endpoints\(\)\)/g)].map(([, prefix]) => prefix);
  assert.equal(servers.length, own.split('.nest(').length - 1, 'a router of which this file does not know');
  const each = servers.flatMap((prefix) => paths(endpoints, GET).map((path) => prefix + path));
  return [...paths(own, GET, constants), ...each];
}

// Of every `.route(PATH, …get(…)…)` that answers so the path; a declaration that cannot be read is an error.
function paths(source, answers, constants = source) {
  const found = [];
  for (const { index } of source.matchAll(/\.route\(/g)) {
    const call = source.slice(index, end(source, index));
    const [, literal, constant, handlers] = /^\.route\(\s*(?:"([^"]+)"|(?:\w+::)*(\w+)),([\s\S]*)$/.exec(call);
    assert.match(handlers, ANY, call);
    const path = literal ?? new RegExp(`const ${constant}: &str = "([^"]+)"`).exec(constants)[1];
    if (answers.test(handlers)) found.push(path);
  }
  assert.notEqual(found.length, 0);
  return found;
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
