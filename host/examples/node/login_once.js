// One sign-in, told from start to end.
//
// Set `OKTA_ISSUER`, `OKTA_CLIENT_ID`, `OKTA_CLIENT_SECRET`, `OKTA_REDIRECT_URI` and `OKTA_EMAIL_DOMAIN`, and run
// `make plugin` first. Then open the printed address in a browser, sign in, and paste the address that the browser
// ends up on. An issuer that starts with `http://` is taken for a development one on this machine.

import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';

import { HttpClient } from './src/http.js';
import { logToStandardError } from './src/log.js';
import { Memory } from './src/memory.js';
import { Plugin } from './src/plugin.js';

const setting = (name) => process.env[name] ?? stop(`${name} is not set`);
const stop = (why) => {
  console.error(why);
  process.exit(1);
};
const issuer = setting('OKTA_ISSUER');
const development = issuer.startsWith('http://');

// 1. Load the component, once per process. The client secret never enters it: the host asks for it here.
const plugin = await Plugin.load(new URL('../../../target/plugin/okta_sso.wasm', import.meta.url).pathname, {
  http: new HttpClient({ dangerAllowLoopback: development }),
  storage: new Memory(),
  cache: new Memory(),
  clock: () => Math.floor(Date.now() / 1000),
  random: (length) => randomBytes(length),
  log: logToStandardError,
  clientSecret: async () => setting('OKTA_CLIENT_SECRET'),
});

// 2. What an administrator typed becomes a connection, or a list of what is wrong with it.
const { defaults } = await plugin.pure('config.describe', 'en');
const { connection } = await plugin.pure('config.check', {
  connectionId: 'example',
  clientId: setting('OKTA_CLIENT_ID'),
  issuer,
  redirectUri: setting('OKTA_REDIRECT_URI'),
  emailDomains: [setting('OKTA_EMAIL_DOMAIN')],
  policy: { ...defaults, network: development ? 'danger-loopback' : 'public' },
});

// 3. Send the browser off. A platform sets the binding as a cookie; here this process keeps it.
const redirect = await plugin.call(connection, 'login.begin', {});
console.log(`Open this address and sign in:\n\n${redirect.url}\n`);

// 4. The browser comes back.
const terminal = createInterface({ input: process.stdin, output: process.stdout });
const address = await terminal.question('Paste the address that it ends up on:\n');
terminal.close();
const query = address.trim().split('?')[1] ?? stop('this address has no query');
if ((await plugin.pure('login.locate', query)) !== redirect.handle) stop('this is the callback of another attempt');

// 5. Who is there? The platform now looks for its own user.
const { identity } = await plugin.call(connection, 'login.complete', {
  query,
  browserBinding: redirect.browserBinding,
});
console.log(`${identity.subject} is ${identity.email}`);
await plugin.close();
