// Questions of the tests, and this host's answers.

import { randomBytes } from 'node:crypto';

import { HttpClient } from './src/http.js';
import { Memory } from './src/memory.js';
import { Plugin, Refusal } from './src/plugin.js';

export async function driven({ component, 'client-secret': secret, deadline }) {
  const host = { onEvent: () => {}, answer };
  let clock = null;
  const capabilities = {
    http: new HttpClient({ deadline: deadline * 1000, dangerAllowLoopback: true }),
    storage: new Memory(),
    cache: new Memory(),
    clock: () => clock ?? Math.floor(Date.now() / 1000),
    random: (length) => randomBytes(length),
    log: (event) => host.onEvent(event),
    clientSecret: async () => secret,
  };
  const plugin = await Plugin.load(component, capabilities);

  async function answer(question) {
    if ('clock' in question) {
      clock = question.clock;
      return {};
    }
    const args = question.arguments.map(fromJson);
    try {
      const value = question.connection
        ? await plugin.call(fromJson(question.connection), question.call, ...args.slice(1))
        : await plugin.pure(question.call, ...args);
      return { value: toJson(value) };
    } catch (error) {
      return error instanceof Refusal ? { refusal: toJson(error.answer) } : { fault: error.message };
    }
  }
  return host;
}

const camelCase = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const kebabCase = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Arguments hold no variants and no bytes; `now` is their one number of 64 bits. */
function fromJson(value, name) {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map((item) => fromJson(item));
  if (typeof value === 'object') return mapped(value, camelCase, fromJson);
  return name === 'now' ? BigInt(value) : value;
}

function toJson(value) {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map((item) => toJson(item));
  if (value === null || typeof value !== 'object') return value;
  if ('tag' in value) return value.val === undefined ? value.tag : { [value.tag]: toJson(value.val) };
  return mapped(value, kebabCase, toJson);
}

const mapped = (value, rename, convert) =>
  Object.fromEntries(Object.entries(value).map(([name, member]) => [rename(name), convert(member, rename(name))]));
