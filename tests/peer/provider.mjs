// A certified OpenID provider under Okta's paths, over TLS on loopback. The test that starts this process sends one JSON
// object a line and gets one back: first the set-up, then commands; the end of its input ends the process.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import { faults } from './faults.mjs';

// It warns of Node.js 20 and of its storage in memory; both are meant here.
console.warn = () => {};
const { default: Provider } = await import('oidc-provider');

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const setup = JSON.parse((await lines.next()).value);

const server = createServer({ cert: setup.certificate, key: setup.privateKey });
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `https://localhost:${server.address().port}`;

const world = { keys: [], client: setup.client, fault: null };
const requests = {};
let provider;

// A key of its own for each algorithm.
function newKeys() {
  const pairs = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  };
  return Object.entries(pairs).map(([alg, { privateKey }]) => ({
    ...privateKey.export({ format: 'jwk' }),
    alg,
    use: 'sig',
    kid: randomUUID(),
  }));
}

// A provider's keys are fixed when it is made; what it has stored outlives it.
function open(keys) {
  world.keys = keys;
  provider = new Provider(issuer, {
    jwks: { keys },
    cookies: { keys: ['a key of the test'] },
    clients: [
      {
        client_id: setup.client.id,
        client_secret: setup.client.secret,
        redirect_uris: [setup.client.redirectUri],
        post_logout_redirect_uris: [setup.client.postLogoutRedirectUri],
        backchannel_logout_uri: setup.client.backchannelLogoutUri,
        backchannel_logout_session_required: true,
        token_endpoint_auth_method: setup.client.authMethod,
        id_token_signed_response_alg: setup.client.algorithm,
      },
    ],
    routes: {
      authorization: '/oauth2/v1/authorize',
      pushed_authorization_request: '/oauth2/v1/par',
      token: '/oauth2/v1/token',
      userinfo: '/oauth2/v1/userinfo',
      jwks: '/oauth2/v1/keys',
      end_session: '/oauth2/v1/logout',
    },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: `Person ${id}`,
        preferred_username: id,
        email: `${id}@acme.com`,
        email_verified: true,
      }),
    }),
    interactions: { url: (_, { uid }) => `/signin/${uid}` },
    loadExistingGrant,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource },
    },
    ttl: { AccessToken: 3600, AuthorizationCode: 300, IdToken: 3600, Interaction: 3600, Session: 7200, Grant: 7200 },
    // Back-channel calls to loopback are dropped by the provider's own dispatcher.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  });
  provider.use(signIn);
  provider.use(observe);
}

// As in Okta, an assigned application asks nobody for consent.
async function loadExistingGrant({ oidc }) {
  const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
  grant.addOIDCScope('openid profile email');
  await grant.save();
  return grant;
}

// The sign-in page: who posts a login is that person, who posts none turns back.
async function signIn(ctx, next) {
  if (!ctx.path.startsWith('/signin/')) return next();
  if (ctx.method === 'GET') {
    ctx.body = '<form method="post"><input name="login"><button>Sign in</button></form>';
    return undefined;
  }
  let form = '';
  for await (const chunk of ctx.req) form += chunk;
  const login = new URLSearchParams(form).get('login');
  const result = login ? { login: { accountId: login } } : { error: 'access_denied' };
  ctx.respond = false;
  return provider.interactionFinished(ctx.req, ctx.res, result);
}

function logoutSource(ctx, form) {
  ctx.body = form.replace('</form>', '<button name="logout" value="yes">Sign out</button></form>');
}

// Counts, and gives the wrong answer that is asked for.
async function observe(ctx, next) {
  await next();
  const count = (what) => {
    requests[what] = (requests[what] ?? 0) + 1;
  };
  const route = ctx.oidc?.route;
  count(route);
  const fault = faults[world.fault];
  if (fault?.route !== route) return;
  count(world.fault);
  await fault.answer(ctx, world);
}

const commands = {
  fault({ name }) {
    if (name !== null && !faults[name]) throw new Error(`there is no fault ${name}`);
    world.fault = name;
  },
  // New keys sign from now on; the old ones stay published, or go at once.
  rotate: ({ keep }) => open([...newKeys(), ...(keep ? world.keys : [])]),
  requests: () => requests,
  faults: () => Object.keys(faults),
};

open(newKeys());
server.on('request', (request, response) => provider.callback()(request, response));
console.log(JSON.stringify({ issuer }));
for await (const line of lines) {
  const { command, ...rest } = JSON.parse(line);
  console.log(JSON.stringify(commands[command](rest) ?? {}));
}
process.exit();
