// Judges ID tokens with oauth4webapi, as its own documentation says to: one trial a line in, one verdict a line out.
//
// A verdict is `{"accepted": true}` or `{"accepted": false, "why": "…"}`. The library reads the machine's clock, so here
// the clock is the trial's.

import { createInterface } from 'node:readline';
import {
  clockTolerance, customFetch, processAuthorizationCodeResponse, validateApplicationLevelSignature,
} from 'oauth4webapi';

const json = (body) => new Response(body, { headers: { 'content-type': 'application/json' } });

async function judge(trial) {
  Date.now = () => trial.now * 1000;
  // A server of its own for each trial: the library keeps the keys of those that it knows.
  const server = { issuer: trial.issuer, jwks_uri: `${trial.issuer}/keys` };
  const client = {
    client_id: trial['client-id'],
    [clockTolerance]: trial.tolerance,
  };
  server.id_token_signing_alg_values_supported = trial.algorithms;
  const answer = { token_type: 'Bearer', access_token: trial['access-token'] ?? 'none', id_token: trial['id-token'] };
  const response = json(JSON.stringify(answer));
  await processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: trial.nonce ?? undefined,
    maxAge: trial['max-age'] ?? undefined,
    requireIdToken: true,
  });
  await validateApplicationLevelSignature(server, response, { [customFetch]: async () => json(trial.keys) });
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const verdict = await judge(JSON.parse(line)).then(
    () => ({ accepted: true }),
    (error) => ({ accepted: false, why: `${error.message}` }),
  );
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
}
