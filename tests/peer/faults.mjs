// Wrong answers that a sign-in must withstand, and right ones that few providers give. Each changes one thing in what
// the provider was about to answer on one of its routes.

import { CompactSign, SignJWT, decodeJwt, decodeProtectedHeader, importJWK } from 'jose';

// The ID token with some claims and header members changed, signed again with the key that signed it or with another.
async function resign(token, { keys }, { claims = {}, header = {}, key }) {
  const was = decodeProtectedHeader(token);
  const jwk = key ?? keys.find((one) => one.kid === was.kid);
  const payload = Object.entries({ ...decodeJwt(token), ...claims }).filter(([, value]) => value !== undefined);
  return new SignJWT(Object.fromEntries(payload))
    .setProtectedHeader({ ...was, ...header })
    .sign(await importJWK(jwk, jwk.alg));
}

const idToken = (change) => ({
  route: 'token',
  async answer({ body }, world) {
    body.id_token = await change(body.id_token, world);
  },
});
const claims = (change) =>
  idToken((token, world) => resign(token, world, { claims: change(decodeJwt(token)) }));
const header = (change) => idToken((token, world) => resign(token, world, { header: change }));
const member = (route, change) => ({ route, answer: ({ body }) => Object.assign(body, change(body)) });
const status = (route, code, type, text) => ({
  route,
  answer(ctx) {
    ctx.status = code;
    ctx.body = text;
    ctx.type = type;
  },
});
const callback = (change) => ({
  route: 'resume',
  answer(ctx) {
    const location = new URL(ctx.response.get('location'));
    change(location.searchParams);
    ctx.set('location', location.href);
  },
});

export const faults = {
  'callback-without-iss': callback((query) => query.delete('iss')),
  'callback-other-iss': callback((query) => query.set('iss', 'https://other.example')),
  'callback-two-codes': callback((query) => query.append('code', 'another')),
  'callback-session-state': callback((query) => query.set('session_state', 'abc.def')),

  'token-500': status('token', 500, 'application/json', '{"error":"server_error"}'),
  'token-html': status('token', 200, 'text/html', '<title>Maintenance</title>'),
  'token-twice': status('token', 200, 'application/json', '{"token_type":"Bearer","token_type":"Bearer"}'),
  'token-cut': { route: 'token', answer: ({ req }) => req.socket.destroy() },
  'token-type-odd-case': member('token', () => ({ token_type: 'bEaReR' })),
  'token-type-other': member('token', () => ({ token_type: 'DPoP' })),
  'token-without-expires-in': member('token', () => ({ expires_in: undefined })),
  'token-without-id-token': member('token', () => ({ id_token: undefined })),

  'id-token-flipped-bit': idToken((token) => {
    const [head, payload, signature] = token.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    bytes[7] ^= 1;
    return [head, payload, bytes.toString('base64url')].join('.');
  }),
  'id-token-unsigned': idToken((token) => {
    const head = Buffer.from('{"alg":"none"}').toString('base64url');
    return `${head}.${token.split('.')[1]}.`;
  }),
  // The published key, taken for a shared secret (RFC 8725 section 2.1).
  'id-token-hmac': idToken((token, { client }) =>
    new CompactSign(Buffer.from(JSON.stringify(decodeJwt(token))))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(client.secret)),
  ),
  // By the provider's other key, which the connection does not allow.
  'id-token-elliptic': idToken((token, world) => {
    const key = world.keys.find(({ alg }) => alg === 'ES256');
    return resign(token, world, { header: { alg: key.alg, kid: key.kid }, key });
  }),
  'id-token-unknown-kid': header({ kid: 'nobody' }),
  'id-token-logout-type': header({ typ: 'logout+jwt' }),
  'id-token-other-issuer': claims(() => ({ iss: 'https://other.example' })),
  'id-token-other-audience': claims(() => ({ aud: '0oaother' })),
  'id-token-second-audience': claims(({ aud }) => ({ aud: [aud, '0oaother'] })),
  'id-token-audience-list': claims(({ aud }) => ({ aud: [aud], azp: aud })),
  'id-token-other-party': claims(() => ({ azp: '0oaother' })),
  'id-token-expired': claims(({ iat }) => ({ iat: iat - 7200, exp: iat - 3600 })),
  'id-token-from-tomorrow': claims(({ iat, exp }) => ({ iat: iat + 86400, exp: exp + 86400 })),
  'id-token-other-nonce': claims(() => ({ nonce: 'another' })),
  'id-token-without-nonce': claims(() => ({ nonce: undefined })),
  'id-token-without-subject': claims(() => ({ sub: undefined })),
  'id-token-other-access-token': claims(() => ({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })),

  'user-info-other-subject': member('userinfo', () => ({ sub: 'another' })),
  'user-info-without-email': member('userinfo', () => ({ email: undefined })),
  'user-info-unverified': member('userinfo', () => ({ email_verified: false })),
  'user-info-other-domain': member('userinfo', () => ({ email: 'ada@elsewhere.example' })),
  'user-info-401': status('userinfo', 401, 'application/json', ''),

  'keys-html': status('jwks', 200, 'text/html', '<title>Maintenance</title>'),
  'keys-none': member('jwks', () => ({ keys: [] })),

  'metadata-other-issuer': member('discovery', () => ({ issuer: 'https://other.example' })),
  'metadata-elsewhere': member('discovery', () => ({ token_endpoint: 'https://other.example/token' })),
  'metadata-404': status('discovery', 404, 'application/json', '{}'),
};
