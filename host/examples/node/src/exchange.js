// What the host requires of a request before it is sent, and lets through of an answer.

import { isLoopback } from './addresses.js';
import { attach } from './credentials.js';

const MAX_URL = 8 << 10;
const MAX_HEADER = 256;
const MAX_BODY = 64 << 10;

/** By endpoint: which methods, how large an answer, and whose credential. The browser goes to the others. */
const ENDPOINTS = {
  metadata: { methods: ['get'], most: 64 << 10 },
  keys: { methods: ['get'], most: 256 << 10 },
  token: { methods: ['post'], most: 64 << 10, authorization: 'client' },
  'pushed-authorization': { methods: ['post'], most: 64 << 10, authorization: 'client' },
  'user-info': { methods: ['get', 'post'], most: 64 << 10, authorization: 'bearer' },
};

const ANSWER_HEADERS = [
  'content-type',
  'cache-control',
  'age',
  'date',
  'retry-after',
  'www-authenticate',
  'x-rate-limit-reset',
];

/** The policy refuses the request; nothing was sent. */
export class Denied extends Error {}

/** Judges, adds the credential, sends, and trims the answer. */
export async function exchange(lent, connection, request) {
  const { most, authorization } = ENDPOINTS[request.endpoint] ?? deny();
  const outgoing = judged(connection, request);
  switch (request.authorization.tag) {
    case 'none':
      break;
    case 'client':
      if (authorization !== 'client') deny();
      if (!attach(outgoing, request.authorization.val, await lent.clientSecret(connection.id))) deny();
      break;
    case 'bearer':
      if (authorization !== 'bearer' || !isBearer(request.authorization.val)) deny();
      outgoing.headers.authorization = `Bearer ${request.authorization.val}`;
      break;
    default:
      deny();
  }
  const answer = await lent.http.send(outgoing, most, connection.policy.network);
  const kept = ANSWER_HEADERS.filter((name) => typeof answer.headers[name] === 'string');
  return {
    status: answer.status,
    headers: kept.map((name) => ({ name, value: answer.headers[name] })),
    body: answer.body,
  };
}

function judged(connection, { endpoint, method, url, headers, body }) {
  if (!ENDPOINTS[endpoint].methods.includes(method)) deny();
  if (body.length > MAX_BODY || (method === 'get' && body.length > 0)) deny();
  return {
    method: method.toUpperCase(),
    url: permitted(connection, url) ?? deny(),
    headers: permittedHeaders(headers) ?? deny(),
    body: Buffer.from(body),
  };
}

/** The URL, if it is absolute, of a permitted scheme, and on one of the connection's hosts. */
function permitted(connection, text) {
  // Before parsing, because the parser drops or rewrites these silently.
  if (text.length > MAX_URL || !/^[!-~]+$/.test(text) || /[\\#]/.test(text)) return undefined;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain = url.protocol === 'http:' && connection.policy.network === 'danger-loopback';
  if (url.protocol !== 'https:' && !(plain && isLoopback(url.hostname))) return undefined;
  if (url.username || url.password) return undefined;
  return connection.hosts.includes(url.host) ? url : undefined;
}

/** `accept` and `content-type`, each at most once, of visible characters and spaces. */
function permittedHeaders(headers) {
  const permitted = {};
  for (const { name, value } of headers) {
    if (name !== 'accept' && name !== 'content-type') return undefined;
    if (name in permitted || value.length > MAX_HEADER || !/^[ -~]*$/.test(value)) return undefined;
    permitted[name] = value;
  }
  return permitted;
}

/** RFC 6750 section 2.1: b64token. */
const isBearer = (token) => /^[A-Za-z0-9._~+/=-]{1,16384}$/.test(token);

function deny() {
  throw new Denied('denied');
}
