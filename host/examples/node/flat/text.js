// Values with holes, filled with what earlier calls made known.

export function fill(value, learnt) {
  if (Array.isArray(value)) return value.map((item) => fill(item, learnt));
  if (value === null || typeof value !== 'object') return value;
  if ('$' in value) return joined(value.$, learnt).toString();
  if ('$value' in value) return merged(known(value.$value, learnt), value.set ?? {});
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fill(member, learnt)]));
}

function joined(parts, learnt) {
  return Buffer.concat(parts.map((part) => {
    if (typeof part === 'string') return Buffer.from(part);
    if ('base64' in part) return Buffer.from(part.base64, 'base64');
    const text = 'name' in part ? known(part.name, learnt) : joined(part.base64url, learnt).toString('base64url');
    return Buffer.from((part.as ?? []).reduce((changed, filter) => FILTERS[filter](changed), text));
  }));
}

const FILTERS = {
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  cut: (text) => text.slice(0, -1),
};

function known(name, learnt) {
  if (!learnt.has(name)) throw new Error(`\`${name}\` was not learnt`);
  return learnt.get(name);
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Objects member by member, everything else whole. */
function merged(base, over) {
  if (!isObject(base) || !isObject(over)) return over;
  const own = Object.entries(over).map(([name, value]) => [name, name in base ? merged(base[name], value) : value]);
  return { ...base, ...Object.fromEntries(own) };
}

/** Where `got` differs from a pattern: `[path, expected, got]`, or undefined. */
export function difference(pattern, got, path = '') {
  if (isObject(pattern) && '$any' in pattern) return undefined;
  if (isObject(pattern) && isObject(got)) {
    return first(Object.entries(pattern), ([name, member]) => difference(member, got[name] ?? null, `${path}.${name}`));
  }
  if (Array.isArray(pattern) && Array.isArray(got) && pattern.length === got.length) {
    return first([...pattern.entries()], ([index, item]) => difference(item, got[index], `${path}[${index}]`));
  }
  return pattern === got ? undefined : [path, JSON.stringify(pattern), JSON.stringify(got)];
}

function first(items, find) {
  for (const item of items) {
    const found = find(item);
    if (found) return found;
  }
  return undefined;
}
