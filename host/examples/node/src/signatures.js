// Public-key signature checks at native speed: RFC 7518 section 3, RFC 8037.

import { constants, createPublicKey, verify as holds } from 'node:crypto';

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST } = constants;
const pkcs1 = { padding: RSA_PKCS1_PADDING };
const pss = { padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_DIGEST };

const ALGORITHMS = {
  rs256: { name: 'RS256', key: rsa, hash: 'sha256', ...pkcs1 },
  rs384: { name: 'RS384', key: rsa, hash: 'sha384', ...pkcs1 },
  rs512: { name: 'RS512', key: rsa, hash: 'sha512', ...pkcs1 },
  ps256: { name: 'PS256', key: rsa, hash: 'sha256', ...pss },
  ps384: { name: 'PS384', key: rsa, hash: 'sha384', ...pss },
  ps512: { name: 'PS512', key: rsa, hash: 'sha512', ...pss },
  es256: { name: 'ES256', key: (jwk) => ec(jwk, 'P-256', 32), hash: 'sha256', length: 64 },
  es384: { name: 'ES384', key: (jwk) => ec(jwk, 'P-384', 48), hash: 'sha384', length: 96 },
  eddsa: { name: 'EdDSA', key: ed25519, hash: null, length: 64 },
};

/** Undefined when the signature holds; else `unusable-key` or `mismatch`. */
export function verify(algorithm, text, message, signature) {
  const { name, key, hash, length, ...how } = ALGORITHMS[algorithm];
  let publicKey;
  try {
    const jwk = JSON.parse(text);
    if ((jwk.use ?? 'sig') !== 'sig' || (jwk.alg ?? name) !== name) return 'unusable-key';
    publicKey = createPublicKey({ key: key(jwk), format: 'jwk' }); // also checks that a point is on its curve
  } catch {
    return 'unusable-key';
  }
  // The two integers of ECDSA side by side, each of the curve's length: not DER.
  if (length !== undefined && signature.length !== length) return 'mismatch';
  try {
    const options = { key: publicKey, dsaEncoding: 'ieee-p1363', ...how };
    return holds(hash, message, options, signature) ? undefined : 'mismatch';
  } catch {
    return 'mismatch';
  }
}

/** Modulus of 2048 to 8192 bits, odd; exponent odd and 65537 to 2^32 - 1; both without leading zeros. */
function rsa({ kty, n, e }) {
  const [modulus, exponent] = [integer(n), integer(e)];
  const bits = modulus.toString(2).length;
  require(kty === 'RSA' && bits >= 2048 && bits <= 8192 && modulus % 2n === 1n);
  require(exponent >= 65_537n && exponent < 2n ** 32n && exponent % 2n === 1n);
  return { kty, n, e };
}

/** RFC 7518 section 6.2.1.2: coordinates have the curve's full length. */
function ec({ kty, crv, x, y }, curve, length) {
  require(kty === 'EC' && crv === curve && bytes(x).length === length && bytes(y).length === length);
  return { kty, crv, x, y };
}

function ed25519({ kty, crv, x }) {
  require(kty === 'OKP' && crv === 'Ed25519' && bytes(x).length === 32);
  return { kty, crv, x };
}

function integer(text) {
  const own = bytes(text);
  require(own.length > 0 && own[0] !== 0);
  return BigInt(`0x${own.toString('hex')}`);
}

/** Strict base64url (RFC 7515 section 2): no padding, no white space, no stray bits. */
function bytes(text) {
  require(typeof text === 'string');
  const decoded = Buffer.from(text, 'base64url');
  require(decoded.toString('base64url') === text);
  return decoded;
}

function require(condition) {
  if (!condition) throw new Error('unusable key');
}
