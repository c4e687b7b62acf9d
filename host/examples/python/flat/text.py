"""Values with holes, filled with what earlier calls made known; and what differs from a pattern."""

import base64
import json


def fill(value, learnt: dict):
    if isinstance(value, list):
        return [fill(item, learnt) for item in value]
    if not isinstance(value, dict):
        return value
    if "$" in value:
        return joined(value["$"], learnt).decode()
    if "$value" in value:
        return merged(learnt[value["$value"]], value.get("set", {}))
    return {name: fill(member, learnt) for name, member in value.items()}


def joined(parts: list, learnt: dict) -> bytes:
    whole = b""
    for part in parts:
        if isinstance(part, str):
            whole += part.encode()
        elif "base64" in part:
            whole += base64.b64decode(part["base64"])
        else:
            if "name" in part:
                text = learnt[part["name"]]
            else:
                text = base64.urlsafe_b64encode(joined(part["base64url"], learnt)).rstrip(b"=").decode()
            for change in part.get("as", []):
                text = FILTERS[change](text)
            whole += text.encode()
    return whole


FILTERS = {"upper": str.upper, "lower": str.lower, "cut": lambda text: text[:-1]}


def merged(base, over):
    """Objects member by member, everything else whole."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    own = {name: merged(base[name], value) if name in base else value for name, value in over.items()}
    return {**base, **own}


def difference(pattern, got, path: str = ""):
    """Where `got` differs from a pattern: path, expected and got; None when it does not."""
    if isinstance(pattern, dict) and "$any" in pattern:
        return None
    if isinstance(pattern, dict) and isinstance(got, dict):
        pairs = [(member, got.get(name), f"{path}.{name}") for name, member in pattern.items()]
    elif isinstance(pattern, list) and isinstance(got, list) and len(pattern) == len(got):
        pairs = [(item, got[index], f"{path}[{index}]") for index, item in enumerate(pattern)]
    else:
        same = type(pattern) is type(got) and pattern == got
        return None if same else (path, json.dumps(pattern), json.dumps(got))
    found = (difference(*pair) for pair in pairs)
    return next((unlike for unlike in found if unlike), None)
