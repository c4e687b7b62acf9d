"""The component's events, within their bounds."""

import json
import re
import sys

MAX_EVENT = 1 << 10
# Line and paragraph separators and the marks of writing direction also forge lines.
FORGING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def printable(code: str, fields: list[tuple[str, str]]) -> dict:
    """A code of the right alphabet, and fields without control characters, cut off at 1 KiB together."""
    if not re.fullmatch(r"[a-z0-9/-]{1,64}", code):
        code = "malformed-code"
    left = MAX_EVENT - len(code)

    def escape(text: str) -> str:
        nonlocal left
        escaped = []
        for character in text:
            unit = f"\\u{{{ord(character):x}}}" if FORGING.match(character) else character
            left -= len(unit.encode())
            if left < 0:
                break
            escaped.append(unit)
        return "".join(escaped)

    kept = [(escape(name), escape(value)) for name, value in fields]
    return {"code": code, "fields": [field for field in kept if field[0]]}


def log_to_standard_error(event: dict) -> None:
    """One line of JSON an event."""
    print(json.dumps(event), file=sys.stderr)
