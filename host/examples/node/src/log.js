// The component's events, within their bounds.

const MAX_EVENT = 1 << 10;

/** A code of the right alphabet, and fields without control characters, cut off at 1 KiB together. */
export function printable(code, fields) {
  const own = /^[a-z0-9/-]{1,64}$/.test(code) ? code : 'malformed-code';
  let left = MAX_EVENT - own.length;
  const escape = (text) => {
    let escaped = '';
    for (const character of text) {
      // Line and paragraph separators and the marks of writing direction also forge lines.
      const plain = !/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(character);
      const unit = plain ? character : `\\u{${character.codePointAt(0).toString(16)}}`;
      left -= Buffer.byteLength(unit);
      if (left < 0) break;
      escaped += unit;
    }
    return escaped;
  };
  const kept = fields.map(({ name, value }) => [escape(name), escape(value)]).filter(([name]) => name !== '');
  return { code: own, fields: kept };
}

/** One line of JSON an event, on standard error. */
export function logToStandardError({ connection, level, code, fields }) {
  process.stderr.write(`${JSON.stringify({ level, connection, code, fields })}\n`);
}
