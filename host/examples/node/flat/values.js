// The JSON of the flat form from and to jco's values, by the contract's types (tests/FLAT.md).

const camelCase = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

/** A value for the component. */
export function toComponent(type, json) {
  if (type === null) return undefined;
  if (type === 'u64') return BigInt(json);
  if (type === 'bytes') return Uint8Array.from(Buffer.from(Array.isArray(json) ? '' : json, 'base64'));
  if (typeof type === 'string' || type.enum) return json;
  if (type.option) return json == null ? undefined : toComponent(type.option, json);
  if (type.list) return json.map((item) => toComponent(type.list, item));
  if (type.record) {
    return Object.fromEntries(type.record.map(([name, of]) => [camelCase(name), toComponent(of, json[name])]));
  }
  const [tag, payload] = typeof json === 'string' ? [json] : Object.entries(json)[0];
  return { tag, val: payload === undefined ? undefined : toComponent(caseOf(type, tag), payload) };
}

/** A value from the component. */
export function toJson(type, value) {
  if (type === null) return null;
  if (type === 'u64') return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
  if (type === 'bytes') return value.length === 0 ? [] : Buffer.from(value).toString('base64');
  if (typeof type === 'string' || type.enum) return value;
  if (type.option) return value === undefined ? null : toJson(type.option, value);
  if (type.list) return value.map((item) => toJson(type.list, item));
  if (type.record) {
    return Object.fromEntries(type.record.map(([name, of]) => [name, toJson(of, value[camelCase(name)])]));
  }
  const of = caseOf(type, value.tag);
  return of === null ? value.tag : { [value.tag]: toJson(of, value.val) };
}

const caseOf = (type, tag) => type.variant.find(([name]) => name === tag)[1];

/** What a capability answers: the flat form's result as `src/capabilities.js` gives it. */
export function toAnswer(type, json) {
  if (!type?.result) return { ok: toComponent(type, json) };
  return 'ok' in json ? { ok: toComponent(type.result[0], json.ok) } : { error: toComponent(type.result[1], json.error) };
}

/** How a call ended: `Plugin.run`'s outcome as the flat form's result. */
export function toResult(type, outcome) {
  if (!type?.result) return toJson(type, outcome.value);
  return 'refusal' in outcome
    ? { error: toJson(type.result[1], outcome.refusal) }
    : { ok: toJson(type.result[0], outcome.value) };
}
