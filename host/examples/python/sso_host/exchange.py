"""What the host requires of a request before it is sent, and lets through of an answer."""

import re
from urllib.parse import SplitResult, urlsplit

from wasmtime.component import Record

from .addresses import is_loopback, literal
from .credentials import attach
from .http import ExchangeError, Request
from .values import record

MAX_URL = 8 << 10
MAX_HEADER = 256
MAX_BODY = 64 << 10

# By endpoint: which methods, how large an answer, and whose credential. The browser goes to the others.
ENDPOINTS = {
    "metadata": (["get"], 64 << 10, None),
    "keys": (["get"], 256 << 10, None),
    "token": (["post"], 64 << 10, "client"),
    "pushed-authorization": (["post"], 64 << 10, "client"),
    "user-info": (["get", "post"], 64 << 10, "bearer"),
}

ANSWER_HEADERS = {
    "content-type",
    "cache-control",
    "age",
    "date",
    "retry-after",
    "www-authenticate",
    "x-rate-limit-reset",
}


def exchange(lent, connection: dict, request: Record, left: float) -> Record:
    """Judges, adds the credential, sends, and trims the answer."""
    methods, most, credential = ENDPOINTS.get(request.endpoint) or deny()
    outgoing = judged(connection, request, methods)
    authorization = request.authorization
    if authorization.tag != "none" and authorization.tag != credential:
        deny()
    if authorization.tag == "client":
        if not attach(outgoing, authorization.payload, lent.client_secret(connection["id"])):
            deny()
    elif authorization.tag == "bearer":
        # RFC 6750 section 2.1: b64token.
        if not re.fullmatch(r"[A-Za-z0-9._~+/=-]{1,16384}", authorization.payload):
            deny()
        outgoing.headers["authorization"] = f"Bearer {authorization.payload}"
    status, headers, body = lent.http.send(outgoing, most, connection["policy"]["network"], left)
    kept = [(name.lower(), value) for name, value in headers if name.lower() in ANSWER_HEADERS]
    # A value with a control character or beyond ASCII is no value of these headers.
    kept = [record(name=name, value=value) for name, value in kept if re.fullmatch(r"[ -~]*", value)]
    return record(status=status, headers=kept, body=body)


def judged(connection: dict, request: Record, methods: list[str]) -> Request:
    if request.method not in methods or len(request.body) > MAX_BODY:
        deny()
    if request.method == "get" and request.body:
        deny()
    url = permitted(connection, request.url)
    return Request(request.method.upper(), url, permitted_headers(request.headers), request.body)


def permitted(connection: dict, text: str) -> SplitResult:
    """The URL, if it is absolute, of a permitted scheme, and on one of the connection's hosts."""
    # The authority's alphabet is checked here, so that no two readers of it differ.
    if len(text) > MAX_URL or not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+([/?][!-~]*)?", text):
        deny()
    if "\\" in text or "#" in text:
        deny()
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        deny()
    plain = url.scheme == "http" and connection["policy"]["network"] == "danger-loopback"
    if url.scheme != "https" and not (plain and is_loopback(url.hostname or "")):
        deny()
    host = f"[{url.hostname}]" if literal(url.hostname or "") and ":" in url.hostname else url.hostname
    usual = port in (None, 443 if url.scheme == "https" else 80)
    if (host if usual else f"{host}:{port}") not in connection["hosts"]:
        deny()
    return url


def permitted_headers(headers: list[Record]) -> dict[str, str]:
    """`accept` and `content-type`, each at most once, of visible characters and spaces."""
    permitted = {}
    for header in headers:
        name, value = header.name, header.value
        if name not in ("accept", "content-type") or name in permitted:
            deny()
        if len(value) > MAX_HEADER or not re.fullmatch(r"[ -~]*", value):
            deny()
        permitted[name] = value
    return permitted


def deny():
    raise ExchangeError("denied")
