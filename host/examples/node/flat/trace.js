// Plays one recorded call: every question must be the recorded one, and gets the recorded answer.

import { isDeepStrictEqual } from 'node:util';

import { verify } from '../src/signatures.js';
import { toAnswer, toComponent, toJson, toResult } from './values.js';

export async function playTrace(plugin, types, { call, arguments: args, trace, outcome }) {
  const rest = [...trace];
  const failures = [];
  const differs = (expected, got) => {
    failures.push({ what: `capability call ${trace.length - rest.length}`, expected, got });
    return { fault: 'the recording goes on otherwise' };
  };
  const written = ({ import: name, arguments: asked }) => `${name} ${JSON.stringify(asked)}`;
  const tape = {
    answer(capability, values) {
      const { params, result } = types.imports[capability];
      const got = { import: capability, arguments: values.map((value, n) => toJson(params[n][1], value)) };
      const next = rest[0];
      if (!next) return differs('no further call', written(got));
      if (next.import !== got.import || !isDeepStrictEqual(next.arguments, got.arguments)) {
        return differs(written(next), written(got));
      }
      if (capability === 'signatures.verify') {
        // Recorded signatures are real: this host's own judgement must be the recorded one.
        const error = verify(...values);
        const own = error ? { error } : { ok: null };
        if (!isDeepStrictEqual(own, next.result)) return differs(JSON.stringify(next.result), JSON.stringify(own));
      }
      rest.shift();
      return toAnswer(result, next.result);
    },
  };
  const { params, result } = types.exports[call];
  const ended = await plugin.run(tape, call, args.map((value, n) => toComponent(params[n][1], value)));
  if (failures.length > 0) return failures;
  if (rest.length > 0) differs(written(rest[0]), 'no further call');
  const got = 'fault' in ended ? ended : toResult(result, ended);
  if (!isDeepStrictEqual(got, outcome)) {
    failures.push({ what: 'outcome', expected: JSON.stringify(outcome), got: JSON.stringify(got) });
  }
  return failures;
}
