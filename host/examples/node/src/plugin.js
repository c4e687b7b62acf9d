// Loads a sign-in component and calls it: each call in a fresh instance, on a thread of its own.
//
// The contract's imports are synchronous, and a call waits for the provider. So the component runs in a worker
// that may block, and this thread, which must not, answers its capability calls.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import { transpileBytes } from '@bytecodealliance/jco-transpile';

import { Call } from './capabilities.js';

/** All the authority that a component can have; `types` holds no function. */
const GRANTED = ['cache', 'clock', 'http', 'log', 'random', 'signatures', 'storage', 'types'];
const EXPORTED = ['config', 'login', 'claims', 'logout', 'messages'];

const LIMITS = {
  /** Milliseconds from start to end, waiting for the provider included. */
  wall: 15_000,
  /** Milliseconds in which the component itself runs. */
  run: 2_000,
  /** Calls at the same time; later ones wait for a place. */
  concurrent: 16,
};

/** The component's own answer: the `err` of a result, such as a `login-error`. */
export class Refusal extends Error {
  constructor(name, answer) {
    super(`${name}: ${answer.tag ?? answer}`);
    this.answer = answer;
  }
}

/** The component broke the contract or ran out of its limits: nobody is signed in by that. */
export class Fault extends Error {}

export class Plugin {
  #component;
  #capabilities;
  #limits;
  #idle = [];
  #busy = new Set();
  #waiting = [];

  /**
   * `path` has its SHA-256 beside it, as `make plugin` writes it: what is loaded is what was built.
   * Throws when it is not, or when the component asks for more than the contract grants.
   */
  static async load(path, capabilities, limits = {}) {
    const bytes = await readFile(path);
    const sidecar = await readFile(`${path}.sha256`, 'utf8');
    if (createHash('sha256').update(bytes).digest('hex') !== sidecar.split(/\s/)[0]) {
      throw new Fault(`${path} is not the component whose SHA-256 is in ${path}.sha256`);
    }
    return Plugin.from(bytes, capabilities, limits);
  }

  /** As `load`, from bytes that the caller trusts to be the right ones. */
  static async from(bytes, capabilities, limits = {}) {
    const { files, imports, exports } = await transpileBytes(bytes, {
      name: 'component',
      instantiation: 'sync',
      noTypescript: true,
      wasiShim: false,
    });
    const foreign = imports.filter((name) => !GRANTED.some((own) => name === `sso:provider/${own}`));
    if (foreign.length > 0) throw new Fault(`the component imports what no host grants: ${foreign.join(', ')}`);
    // The generated code names imports without their version; exports have it.
    const names = exports.map(([name]) => name);
    const missing = EXPORTED.map((name) => `sso:provider/${name}@0.1.0`).filter((name) => !names.includes(name));
    if (missing.length > 0) throw new Fault(`the component does not export ${missing.join(', ')}`);

    const modules = {};
    for (const [name, file] of Object.entries(files)) {
      if (name.endsWith('.wasm')) modules[name] = new WebAssembly.Module(file);
    }
    const glue = Buffer.from(files['component.js']).toString('base64');
    return new Plugin({ glue, modules }, capabilities, limits);
  }

  constructor(component, capabilities, limits) {
    this.#component = component;
    this.#capabilities = capabilities;
    this.#limits = { ...LIMITS, ...limits };
  }

  /**
   * Calls a function that uses capabilities, such as `login.begin`: on behalf of `connection`, which is its first
   * argument too. Throws a `Refusal` or a `Fault`.
   */
  async call(connection, name, ...args) {
    return answered(name, await this.run(new Call(this.#capabilities, connection), name, [connection, ...args]));
  }

  /** Calls a function that uses none, such as `config.check`: it runs with every capability denied. */
  async pure(name, ...args) {
    return answered(name, await this.run(new Call(this.#capabilities, null), name, args));
  }

  /** Runs one call whose capabilities `call.answer` gives. Resolves to `{ value }`, `{ refusal }` or `{ fault }`. */
  async run(call, name, args) {
    if (this.#busy.size >= this.#limits.concurrent) await new Promise((free) => this.#waiting.push(free));
    const sandbox = this.#idle.pop() ?? new Sandbox(this.#component);
    this.#busy.add(sandbox);
    try {
      await sandbox.ready;
      return await sandbox.run(call, name, args, this.#limits);
    } finally {
      this.#busy.delete(sandbox);
      if (!sandbox.ended) this.#idle.push(sandbox);
      this.#waiting.shift()?.();
    }
  }

  /** Ends all threads. Calls that are still running end in a fault. */
  async close() {
    await Promise.all([...this.#idle, ...this.#busy].map((sandbox) => sandbox.end()));
  }
}

function answered(name, outcome) {
  if ('fault' in outcome) throw new Fault(`${name}: ${outcome.fault}`);
  if ('refusal' in outcome) throw new Refusal(name, outcome.refusal);
  return outcome.value;
}

/** One thread, which serves one call at a time and keeps nothing between two. */
class Sandbox {
  ended = false;
  ready;
  #worker;
  #running;

  constructor(component) {
    const { port1: port, port2 } = new MessageChannel();
    const signal = new Int32Array(new SharedArrayBuffer(4));
    this.#worker = new Worker(new URL('./sandbox.js', import.meta.url), {
      workerData: { ...component, port: port2, signal },
      transferList: [port2],
      env: {},
    });
    // Its own loading is not the component's time.
    this.ready = once(this.#worker, 'message').then(() => {
      this.#worker.on('message', (outcome) => this.#running.resolve(outcome));
      this.#worker.unref(); // an idle thread does not keep the process alive; a call does, by its timers
    });
    this.#worker.on('error', (error) => this.#running?.end(error.message));
    this.#worker.on('exit', () => {
      this.ended = true;
      this.#running?.end('ended');
    });
    port.on('message', async ({ capability, args }) => {
      const { call, budget } = this.#running;
      budget.pause();
      const answer = await call.answer(capability, args);
      budget.resume();
      port.postMessage(answer);
      Atomics.store(signal, 0, 1);
      Atomics.notify(signal, 0);
    });
    port.unref();
  }

  async end() {
    this.ended = true;
    await this.#worker.terminate();
  }

  async run(call, name, args, limits) {
    const budget = new Budget(limits, () => this.#running.end('out of time'));
    const outcome = await new Promise((resolve) => {
      this.#running = { call, budget, resolve, end: (fault) => resolve({ fault }) };
      this.#worker.postMessage({ name, args });
      budget.resume();
    });
    budget.close();
    // Whatever it was doing, it does no more of it.
    if ('fault' in outcome) await this.end();
    return outcome;
  }
}

/** A call's time: all of it, and that in which the component runs. */
class Budget {
  #exceeded;
  #left;
  #since;
  #timer;
  #wall;

  constructor({ wall, run }, exceeded) {
    this.#exceeded = exceeded;
    this.#left = run;
    this.#wall = setTimeout(exceeded, wall);
  }

  resume() {
    this.#since = performance.now();
    this.#timer = setTimeout(this.#exceeded, this.#left);
  }

  pause() {
    clearTimeout(this.#timer);
    this.#left -= performance.now() - this.#since;
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#wall);
  }
}
