// Entries that end, in this process's memory: storage and cache of one process.
//
// A platform of several processes keeps its storage in a database instead: `take` is then one statement, such as
// `DELETE FROM pending WHERE key = $1 AND ends > $2 RETURNING value`.

const MOST_ENTRIES = 100_000;

export class Memory {
  #entries = new Map();
  #most;

  constructor(most = MOST_ENTRIES) {
    this.#most = most;
  }

  /** Stores only when no live value is there; true when it did. Times are in seconds. */
  putIfAbsent(key, value, now, timeToLive) {
    if (this.get(key, now) !== undefined) return false;
    if (this.#entries.size >= this.#most) this.#sweep(now);
    if (this.#entries.size >= this.#most) throw new Error('full');
    this.put(key, value, now, timeToLive);
    return true;
  }

  /** Reads and removes. One thread runs this file, and nothing here waits: no other caller comes between. */
  take(key, now) {
    const value = this.get(key, now);
    this.#entries.delete(key);
    return value;
  }

  get(key, now) {
    const entry = this.#entries.get(key);
    return entry && now < entry.ends ? entry.value : undefined;
  }

  /** Replaces what was there; when there is no room, the oldest entry goes. */
  put(key, value, now, timeToLive) {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#most) this.#entries.delete(this.#entries.keys().next().value);
    this.#entries.set(key, { value: Uint8Array.from(value), ends: now + timeToLive });
  }

  #sweep(now) {
    for (const [key, { ends }] of this.#entries) if (ends <= now) this.#entries.delete(key);
  }
}
