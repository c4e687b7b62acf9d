"""The client's own credential, which never enters the sandbox (RFC 6749 section 2.3.1)."""

import base64
from urllib.parse import parse_qsl, quote_plus

from wasmtime.component import Record

from .http import Request


def form(text: str) -> str:
    """RFC 6749 appendix B: all but `A-Z a-z 0-9 * - . _` is percent-encoded, a space becomes `+`."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def attach(request: Request, client: Record, secret: str | None) -> bool:
    """Puts the credential on `request`; False when that cannot be done."""
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    client_id = getattr(client, "client-id")
    given = {name for name, _ in parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)}
    if not is_form or not client_id or secret is None or given & {"client_secret", "client_assertion"}:
        return False
    if client.method == "client-secret-basic":
        pair = f"{form(client_id)}:{form(secret)}".encode()
        request.headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return True
    if client.method == "client-secret-post":
        added = [] if "client_id" in given else [f"client_id={form(client_id)}".encode()]
        added.append(f"client_secret={form(secret)}".encode())
        request.body = b"&".join(([request.body] if request.body else []) + added)
        return True
    return False  # private_key_jwt: this host holds no private key
