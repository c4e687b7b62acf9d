// The product, freshly started with an empty database, and a development Okta beside it.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('../../', import.meta.url));
const program = process.env.OKTA_SSO_DEMO ?? 'target/debug/okta-sso-demo';

// Starts on free ports. Everybody is who `demo/seed.toml` says; `url` and `okta` are where the two are, `custom` is Okta's
// custom domain.
export async function start() {
  const running = spawn(
    program,
    [
      'serve',
      ...['--listen', '127.0.0.1:0'],
      ...['--dev-okta', '127.0.0.1:0'],
      ...['--database', 'memory'],
      ...['--key-file', 'demo/tests/sealing.key'],
      ...['--compiled-cache', 'target/tmp/compiled'],
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
    log: () => log,
    async stop() {
      running.kill('SIGTERM');
      return ended;
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
};
