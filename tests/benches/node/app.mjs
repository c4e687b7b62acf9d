// What a platform in Node.js would otherwise be: the same sign-in with openid-client. Run by the bench, with the provider's
// origin and the secret; the provider's authority is in NODE_EXTRA_CA_CERTS.
//
// Pending logins, links and sessions are in memory alone: this Node.js has no database of its own.

import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import * as oidc from "openid-client";

const [origin, secret] = process.argv.slice(2);
const CLIENT_ID = "0oa1";
const REDIRECT_URI = "http://localhost/sso/okta/callback";
const PENDING = 600;
const SESSION = 12 * 60 * 60;

const configurations = new Map();
const pending = new Map();
const links = new Map();
const sessions = new Map();

/** Metadata and keys are read once for each tenant. */
async function configuration(tenant) {
  let found = configurations.get(tenant);
  if (!found) {
    const issuer = new URL(`${origin}/oauth2/${tenant}`);
    found = await oidc.discovery(issuer, CLIENT_ID, undefined, oidc.ClientSecretBasic(secret));
    // The signature is checked, as the others do.
    oidc.enableNonRepudiationChecks(found);
    configurations.set(tenant, found);
  }
  return found;
}

const random = () => randomBytes(32).toString("base64url");

const cookie = (name, value, seconds) =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Lax`;

async function start(query) {
  const tenant = query.get("tenant");
  const config = await configuration(tenant);
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce, binding] = [oidc.randomState(), oidc.randomNonce(), random()];
  const parameters = {
    redirect_uri: REDIRECT_URI,
    scope: "openid profile email",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  };
  if (query.has("login_hint")) parameters.login_hint = query.get("login_hint");
  pending.set(state, { tenant, nonce, verifier, binding, ends: Date.now() + PENDING * 1000 });
  return [oidc.buildAuthorizationUrl(config, parameters).href, [cookie("__Host-login", binding, PENDING)]];
}

async function callback(query, cookies) {
  const state = query.get("state");
  const attempt = pending.get(state);
  pending.delete(state);
  if (!attempt || attempt.ends <= Date.now()) throw new Error("no such attempt");
  if (!cookies.split("; ").includes(`__Host-login=${attempt.binding}`)) throw new Error("another browser");
  const config = await configuration(attempt.tenant);
  const tokens = await oidc.authorizationCodeGrant(config, new URL(`${REDIRECT_URI}?${query}`), {
    expectedNonce: attempt.nonce,
    expectedState: state,
    pkceCodeVerifier: attempt.verifier,
    idTokenExpected: true,
  });
  const { iss, sub, email } = tokens.claims();
  if (email.split("@")[1] !== `${attempt.tenant}.example`) throw new Error("another domain");
  const person = JSON.stringify([attempt.tenant, iss, sub]);
  if (!links.has(person)) links.set(person, email);
  const session = random();
  const hash = createHash("sha256").update(session).digest("base64url");
  sessions.set(hash, { person, hint: tokens.id_token, ends: Date.now() + SESSION * 1000 });
  console.error(JSON.stringify({ tenant: attempt.tenant, code: "signed-in" }));
  return ["/", [cookie("__Host-login", "", 0), cookie("__Host-session", session, SESSION)]];
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  try {
    const [location, cookies] =
      pathname === "/sso/okta/start" ? await start(searchParams) : await callback(searchParams, request.headers.cookie ?? "");
    response.writeHead(303, { location, "set-cookie": cookies }).end();
  } catch (error) {
    response.writeHead(400).end(String(error));
  }
});
server.listen(0, "127.0.0.1", () => console.log(`listening 127.0.0.1:${server.address().port}`));

// Ends with whoever started it.
process.stdin.on("end", () => process.exit()).resume();
