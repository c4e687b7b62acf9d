"""The JSON of the flat form from and to wasmtime's values, by the contract's types."""

import base64

from wasmtime.component import Record, Variant


def to_component(of, value):
    """A value for the component."""
    if of is None:
        return None
    if of == "bytes":
        return octets(value)
    if of == "u64":
        return int(value)
    if isinstance(of, str) or "enum" in of:
        return value
    [(kind, inside)] = of.items()
    if kind == "option":
        return None if value is None else to_component(inside, value)
    if kind == "list":
        return [to_component(inside, item) for item in value]
    if kind == "record":
        made = Record()
        for name, member in inside:
            setattr(made, name, to_component(member, value.get(name)))
        return made
    if kind == "result":
        inside = [["ok", inside[0]], ["error", inside[1]]]
    tag, payload = (value, None) if isinstance(value, str) else next(iter(value.items()))
    payload = to_component(dict(inside)[tag], payload)
    return Variant("err" if kind == "result" and tag == "error" else tag, payload)


def to_json(of, value):
    """A value from the component."""
    if of is None:
        return None
    if of == "bytes":
        return base64.b64encode(value).decode() if value else []
    if of == "u64":
        return value if value < 2**53 else str(value)
    if isinstance(of, str) or "enum" in of:
        return value
    [(kind, inside)] = of.items()
    if kind == "option":
        return None if value is None else to_json(inside, value)
    if kind == "list":
        return [to_json(inside, item) for item in value]
    if kind == "record":
        return {name: to_json(member, getattr(value, name)) for name, member in inside}
    if kind == "result":
        ok, error = inside
        return {"ok": to_json(ok, value.payload)} if value.tag == "ok" else {"error": to_json(error, value.payload)}
    payload = dict(inside)[value.tag]
    return value.tag if payload is None else {value.tag: to_json(payload, value.payload)}


def octets(value) -> bytes:
    """Bytes as the flat form has them: an empty list is `[]` of whatever kind."""
    return base64.b64decode(value) if isinstance(value, str) else b""
