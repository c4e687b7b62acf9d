// What the host lends to a component, and what it requires before it lends it.

import { Denied, exchange } from './exchange.js';
import { printable } from './log.js';
import { verify } from './signatures.js';

const MAX_KEY = 256;
const MAX_STORED = 16 << 10;
const MAX_CACHED = 256 << 10;
const MAX_TIME_TO_LIVE = 86_400;
const MAX_RANDOM = 64;
const MAX_JWK = 16 << 10;

/** An error that the contract names. */
class Refused {
  constructor(error) {
    this.error = error;
  }
}

/**
 * One call's use of the capabilities: scoped to one connection, and counted.
 *
 * `lent` holds `http` (see http.js), `storage`, `cache` (see memory.js), `clock()` in seconds, `random(length)`,
 * `log(event)` and `clientSecret(connectionId)`.
 */
export class Call {
  #lent;
  #connection;
  #exchangesLeft = 8;
  #eventsLeft = 50;

  /** Without a connection, every capability is denied. */
  constructor(lent, connection) {
    this.#lent = lent;
    this.#connection = connection;
  }

  /** Answers `{ ok }`, `{ error }` as the contract names it, or `{ fault }`, which ends the call. */
  async answer(capability, args) {
    const own = Object.hasOwn(CAPABILITIES, capability) ? CAPABILITIES[capability] : undefined;
    if (!own) return { fault: `no host grants ${capability}` };
    if (!this.#connection) return { fault: `${capability} was used where no capability is granted` };
    try {
      return { ok: await own(this, ...args) };
    } catch (error) {
      if (error instanceof Refused) return { error: error.error };
      return { fault: `${capability} failed` }; // what failed is the host's, not the component's to know
    }
  }

  get lent() {
    return this.#lent;
  }

  get connection() {
    return this.#connection;
  }

  takeExchange() {
    return this.#exchangesLeft-- > 0;
  }

  takeEvent() {
    return this.#eventsLeft-- > 0;
  }
}

const CAPABILITIES = {
  async 'http.send'(call, request) {
    if (!call.takeExchange()) throw new Refused('budget-exhausted');
    try {
      return await exchange(call.lent, call.connection, request);
    } catch (error) {
      throw new Refused(error instanceof Denied ? 'denied' : (error.contractError ?? 'unreachable'));
    }
  },

  async 'storage.put-if-absent'({ lent, connection }, key, value, timeToLive) {
    if (!isKey(key) || timeToLive < 1 || timeToLive > MAX_TIME_TO_LIVE) throw new Refused('invalid');
    if (value.length > MAX_STORED) throw new Refused('too-large');
    return available(() => lent.storage.putIfAbsent(scoped(connection, key), value, lent.clock(), timeToLive));
  },

  async 'storage.take'({ lent, connection }, key) {
    if (!isKey(key)) throw new Refused('invalid');
    return lookup(await available(() => lent.storage.take(scoped(connection, key), lent.clock())));
  },

  async 'cache.get'({ lent, connection }, key) {
    return lookup(isKey(key) ? await lent.cache.get(scoped(connection, key), lent.clock()) : undefined);
  },

  async 'cache.put'({ lent, connection }, key, value, timeToLive) {
    if (!isKey(key) || value.length > MAX_CACHED || timeToLive < 1) return;
    await lent.cache.put(scoped(connection, key), value, lent.clock(), Math.min(timeToLive, MAX_TIME_TO_LIVE));
  },

  'clock.now': ({ lent }) => BigInt(lent.clock()),

  'random.bytes'({ lent }, length) {
    if (length < 1 || length > MAX_RANDOM) throw new RangeError('random.bytes gives 1 to 64 bytes');
    return lent.random(length);
  },

  'signatures.verify'(_, algorithm, jwk, message, signature) {
    const problem = Buffer.byteLength(jwk) > MAX_JWK ? 'unusable-key' : verify(algorithm, jwk, message, signature);
    if (problem) throw new Refused(problem);
  },

  'log.event'(call, level, code, fields) {
    if (call.takeEvent()) call.lent.log({ connection: call.connection.id, level, ...printable(code, fields) });
  },
};

const isKey = (key) => key.length >= 1 && key.length <= MAX_KEY;

/** Two connections never share a key: an array's JSON text tells where the id ends. */
const scoped = (connection, key) => JSON.stringify([connection.id, Buffer.from(key).toString('base64')]);

const lookup = (value) => (value === undefined ? { tag: 'absent' } : { tag: 'found', val: value });

async function available(operation) {
  try {
    return await operation();
  } catch {
    throw new Refused('unavailable');
  }
}
