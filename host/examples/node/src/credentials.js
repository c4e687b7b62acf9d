// The client's own credential, which never enters the sandbox (RFC 6749 section 2.3.1).

/** RFC 6749 appendix B: all but `A-Z a-z 0-9 * - . _` is percent-encoded, a space becomes `+`. */
const form = (text) => new URLSearchParams([['', text]]).toString().slice(1);

/** Puts the credential on `request`; false when that cannot be done. */
export function attach(request, { method, clientId }, secret) {
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  const given = new URLSearchParams(request.body.toString('latin1'));
  if (!isForm || !clientId || secret === undefined) return false;
  if (given.has('client_secret') || given.has('client_assertion')) return false;
  switch (method) {
    case 'client-secret-basic': {
      const pair = Buffer.from(`${form(clientId)}:${form(secret)}`);
      request.headers.authorization = `Basic ${pair.toString('base64')}`;
      return true;
    }
    case 'client-secret-post': {
      const own = given.has('client_id') ? [] : [`client_id=${form(clientId)}`];
      const parts = [...own, `client_secret=${form(secret)}`];
      if (request.body.length > 0) parts.unshift(request.body);
      request.body = Buffer.concat(parts.flatMap((part, n) => [Buffer.from(n ? '&' : ''), Buffer.from(part)]));
      return true;
    }
    default:
      return false; // private_key_jwt: this host holds no private key
  }
}
