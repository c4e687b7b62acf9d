// Plays a contract case over an emulated host: a storage and a cache in memory, everything else from the case.

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { difference, fill } from './text.js';
import { toAnswer, toComponent, toJson, toResult } from './values.js';

/** How it differed; nothing when it passed. Stops at the first call that differs. */
export async function playContract(plugin, types, { steps }) {
  const host = new EmulatedHost(types);
  let begun;
  let attempt;
  for (const [index, step] of steps.entries()) {
    const before = new Map(host.entries);
    if (step.attempt !== attempt) [attempt, begun] = [step.attempt, before];
    const failures = await host.play(plugin, step, before, begun);
    if (failures.length > 0) {
      return failures.map((failure) => ({ ...failure, what: `call ${index} (${step.call}): ${failure.what}` }));
    }
  }
  return [];
}

class EmulatedHost {
  entries = new Map();
  #cached = new Map();
  #learnt = new Map();
  #types;
  // Of the call that runs:
  #step;
  #scope;
  #random;
  #sent;
  #pushed;
  #log;
  #failures;

  constructor(types) {
    this.#types = types;
  }

  async play(plugin, step, before, begun) {
    const { params, result } = this.#types.exports[step.call];
    const args = fill(step.arguments, this.#learnt);
    this.#step = step;
    this.#scope = args[0]?.id ?? '';
    this.#random = Buffer.from(step.random, 'base64');
    [this.#sent, this.#pushed, this.#log, this.#failures] = [0, {}, [], []];
    const ended = await plugin.run(this, step.call, args.map((value, n) => toComponent(params[n][1], value)));
    if ('fault' in ended) {
      this.#fail('result', JSON.stringify(step.expect.result), ended.fault);
      return this.#failures;
    }
    const got = toResult(result, ended);
    if (this.#learn(got)) this.#judge(got, before, begun);
    return this.#failures;
  }

  answer(capability, values) {
    const { params, result } = this.#types.imports[capability];
    const asked = values.map((value, n) => toJson(params[n][1], value));
    const own = this[capability](...asked);
    return own.fault ? own : toAnswer(result, own.answer);
  }

  'clock.now'() {
    return { answer: this.#step.clock };
  }

  'random.bytes'(length) {
    if (length > this.#random.length) {
      this.#fail('random.bytes', `at most ${this.#random.length} bytes`, String(length));
      return { fault: 'no random bytes are left' };
    }
    const drawn = this.#random.subarray(0, length);
    this.#random = this.#random.subarray(length);
    return { answer: drawn.toString('base64') };
  }

  'storage.put-if-absent'(key, value, timeToLive) {
    if (this.#step.storage === 'unavailable') return { answer: { error: 'unavailable' } };
    const free = this.#step.storage === 'works' && this.#live(this.entries, key) === undefined;
    if (free) this.entries.set(this.#key(key), { value, gone: this.#step.clock + timeToLive });
    return { answer: { ok: free } };
  }

  'storage.take'(key) {
    if (this.#step.storage === 'unavailable') return { answer: { error: 'unavailable' } };
    const found = this.#live(this.entries, key);
    this.entries.delete(this.#key(key));
    return { answer: { ok: lookup(found) } };
  }

  'cache.get'(key) {
    return { answer: lookup(this.#live(this.#cached, key)) };
  }

  'cache.put'(key, value, timeToLive) {
    this.#cached.set(this.#key(key), { value, gone: this.#step.clock + timeToLive });
    return { answer: null };
  }

  'log.event'(...event) {
    this.#log.push(JSON.stringify(event));
    return { answer: null };
  }

  'signatures.verify'(algorithm, text, message, signature) {
    const jwk = parsed(text);
    const genuine = this.#step.signatures.find((entry) =>
      entry.algorithm === algorithm &&
      Object.entries(entry.jwk).every(([name, value]) => jwk?.[name] === value) &&
      entry.signature === (Array.isArray(signature) ? '' : signature) &&
      fill(entry.message, this.#learnt) === bytes(message).toString());
    if (!genuine) return { answer: { error: 'mismatch' } };
    return { answer: genuine.answer === 'ok' ? { ok: null } : { error: genuine.answer } };
  }

  'http.send'(request) {
    const exchange = this.#step.http[this.#sent++];
    if (!exchange) {
      this.#fail('request', 'none', `${request.endpoint} ${request.url}`);
      return { answer: { error: 'denied' } };
    }
    const { endpoint, method, url, authorization, form, only } = fill(exchange.request, this.#learnt);
    const sent = Object.fromEntries(new URLSearchParams(bytes(request.body).toString()));
    if (endpoint === 'pushed-authorization') this.#pushed = sent;
    const found = [difference({ endpoint, method, url, authorization }, request), ...ofForms(form ?? {}, sent, only)];
    for (const [path, expected, got] of found.filter(Boolean)) {
      this.#fail(`request to ${endpoint}${path}`, expected, got);
    }
    const answer = fill(exchange.answer, this.#learnt);
    if (answer.ok) {
      const { body } = answer.ok;
      answer.ok.body = typeof body === 'string' ? Buffer.from(body).toString('base64') : body.$base64;
    }
    return { answer };
  }

  /** False when something is not there: then nothing can be compared with it. */
  #learn(got) {
    for (const [name, source] of Object.entries(this.#step.learn)) {
      const value = source.result
        ? source.result.reduce((inside, member) => inside?.[member], got)
        : this.#authorization(got)[source.authorization];
      if (value == null) {
        this.#fail(`learn ${name}`, JSON.stringify(this.#step.expect.result), JSON.stringify(got));
        return false;
      }
      this.#learnt.set(name, value);
    }
    return true;
  }

  #authorization(got) {
    const sent = authorizationOf(got);
    return 'request_uri' in sent ? { ...sent, ...this.#pushed } : sent;
  }

  #judge(got, before, begun) {
    const { result, authorization, storage } = this.#step.expect;
    const unlike = difference(fill(result, this.#learnt), got);
    if (unlike) this.#fail(`result${unlike[0]}`, unlike[1], unlike[2]);
    if (Object.keys(authorization).length > 0) {
      const other = difference(fill(authorization, this.#learnt), authorizationOf(got));
      if (other) this.#fail(`authorization${other[0]}`, other[1], other[2]);
    }
    for (const secret of fill(this.#step.secrets, this.#learnt)) {
      if (got?.error !== undefined && JSON.stringify(got.error).includes(secret)) this.#fail('error', 'no secret', secret);
      if (this.#log.join('\n').includes(secret)) this.#fail('log', 'no secret', secret);
    }
    for (const { request } of this.#step.http.slice(this.#sent)) {
      this.#fail('request', `${request.endpoint} ${JSON.stringify(request.url)}`, 'none');
    }
    const kept = [...before].every(([key, entry]) => isDeepStrictEqual(this.entries.get(key), entry));
    const stored = {
      consumed: isDeepStrictEqual(this.entries, begun),
      unchanged: isDeepStrictEqual(this.entries, before),
      added: kept && this.entries.size > before.size,
    };
    if (!stored[storage]) this.#fail('storage', storage, `${this.entries.size} entries, ${before.size} before`);
  }

  #fail(what, expected, got) {
    this.#failures.push({ what, expected, got });
  }

  #key(key) {
    return JSON.stringify([this.#scope, key]);
  }

  #live(entries, key) {
    const entry = entries.get(this.#key(key));
    return entry && this.#step.clock < entry.gone ? entry.value : undefined;
  }
}

const lookup = (value) => (value === undefined ? 'absent' : { found: value });
const bytes = (json) => Buffer.from(Array.isArray(json) ? '' : json, 'base64');

/** The parameters of the authorization URL, and the rest of it as `url`. */
function authorizationOf(got) {
  const url = got?.ok?.url;
  return URL.canParse(url) ? { ...Object.fromEntries(new URL(url).searchParams), url: url.split(/[?#]/)[0] } : {};
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where a form differs from its patterns: `{ $s256: text }` is a text of that SHA-256 (RFC 7636). */
function ofForms(patterns, form, only) {
  const found = [];
  for (const [name, pattern] of Object.entries(patterns)) {
    const got = form[name];
    const challenged = pattern?.$s256 !== undefined && got !== undefined && got.length >= 43 && got.length <= 128;
    const fits = challenged
      ? createHash('sha256').update(got).digest('base64url') === pattern.$s256
      : pattern === (got ?? null);
    if (!fits) found.push([`.${name}`, JSON.stringify(pattern), JSON.stringify(got ?? null)]);
  }
  for (const name of Object.keys(form)) {
    if (only && !(name in patterns)) found.push([`.${name}`, 'nothing', 'something']);
  }
  return found;
}
