// Holds values against the schemas of this folder: one `{"schema": name, "value": …}` a line in, one
// `{"valid": …, "errors": […]}` a line out.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Ajv from 'ajv/dist/2020.js';

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
const compiled = new Map();

function schema(name) {
  if (!compiled.has(name)) {
    const text = readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8');
    compiled.set(name, ajv.compile(JSON.parse(text)));
  }
  return compiled.get(name);
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { schema: name, value } = JSON.parse(line);
  const check = schema(name);
  const valid = check(value);
  const errors = (check.errors ?? []).slice(0, 5).map((error) => `${error.instancePath}: ${error.message}`);
  process.stdout.write(`${JSON.stringify({ valid, errors })}\n`);
}
