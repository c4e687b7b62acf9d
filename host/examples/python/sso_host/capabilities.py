"""What the host lends to a component, and what it requires before it lends it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from wasmtime import WasmtimeError
from wasmtime.component import Variant

from .exchange import ExchangeError, exchange
from .http import HttpClient
from .log import log_to_standard_error, printable
from .signatures import verify
from .storage import MemoryCache, SqliteStorage, StorageError

MAX_KEY = 256
MAX_STORED = 16 << 10
MAX_CACHED = 256 << 10
MAX_TIME_TO_LIVE = 86_400
MAX_RANDOM = 64
MAX_JWK = 16 << 10

# The contract's imports.
FUNCTIONS = {
    "cache": ["get", "put"],
    "clock": ["now"],
    "http": ["send"],
    "log": ["event"],
    "random": ["bytes"],
    "signatures": ["verify"],
    "storage": ["put-if-absent", "take"],
}


@dataclass
class Capabilities:
    """What a platform brings: storage and credentials have no default that would be right everywhere."""

    storage: SqliteStorage
    # The secret of a connection's client, by the connection's id; None when there is none.
    client_secret: Callable[[str], str | None]
    http: HttpClient = field(default_factory=HttpClient)
    cache: MemoryCache = field(default_factory=MemoryCache)
    clock: Callable[[], int] = lambda: int(time.time())
    random: Callable[[int], bytes] = os.urandom
    log: Callable[[dict], None] = log_to_standard_error


class Refused(Exception):
    """An error that the contract names."""

    def __init__(self, error: str):
        super().__init__(error)
        self.error = error


class Call:
    """One call's use of the capabilities: scoped to one connection, and counted."""

    def __init__(self, lent: Capabilities, connection: dict | None, ends: float):
        self._lent = lent
        # None: every capability is denied.
        self._connection = connection
        self._ends = ends
        self._exchanges_left = 8
        self._events_left = 50

    def answer(self, interface: str, function: str, args: tuple) -> object:
        """Answers as wasmtime-py wants it; raises what ends the call."""
        if self._connection is None:
            raise WasmtimeError(f"{interface}.{function} was used where no capability is granted")
        if time.monotonic() > self._ends:
            raise WasmtimeError("out of time")
        own = getattr(self, f"_{interface}_{function.replace('-', '_')}")
        if interface not in ("http", "storage", "signatures"):
            return own(*args)
        try:
            return Variant("ok", own(*args))
        except Refused as refused:
            return Variant("err", refused.error)

    def _http_send(self, request):
        if self._exchanges_left == 0:
            raise Refused("budget-exhausted")
        self._exchanges_left -= 1
        try:
            return exchange(self._lent, self._connection, request, self._ends - time.monotonic())
        except ExchangeError as error:
            raise Refused(error.error) from error

    def _storage_put_if_absent(self, key, value, time_to_live):
        if not _is_key(key) or not 1 <= time_to_live <= MAX_TIME_TO_LIVE:
            raise Refused("invalid")
        if len(value) > MAX_STORED:
            raise Refused("too-large")
        try:
            return self._lent.storage.put_if_absent(self._id, key, value, self._lent.clock(), time_to_live)
        except StorageError as error:
            raise Refused("unavailable") from error

    def _storage_take(self, key):
        if not _is_key(key):
            raise Refused("invalid")
        try:
            return _lookup(self._lent.storage.take(self._id, key, self._lent.clock()))
        except StorageError as error:
            raise Refused("unavailable") from error

    def _cache_get(self, key):
        return _lookup(self._lent.cache.get(self._id, key, self._lent.clock()) if _is_key(key) else None)

    def _cache_put(self, key, value, time_to_live):
        if _is_key(key) and len(value) <= MAX_CACHED and time_to_live >= 1:
            self._lent.cache.put(self._id, key, value, self._lent.clock(), min(time_to_live, MAX_TIME_TO_LIVE))

    def _clock_now(self):
        return self._lent.clock()

    def _random_bytes(self, length):
        if not 1 <= length <= MAX_RANDOM:
            raise WasmtimeError("random.bytes gives 1 to 64 bytes")
        return self._lent.random(length)

    def _signatures_verify(self, algorithm, jwk, message, signature):
        problem = "unusable-key" if len(jwk.encode()) > MAX_JWK else verify(algorithm, jwk, message, signature)
        if problem:
            raise Refused(problem)

    def _log_event(self, level, code, fields):
        if self._events_left > 0:
            self._events_left -= 1
            fields = [(item.name, item.value) for item in fields]
            self._lent.log({"connection": self._id, "level": level, **printable(code, fields)})

    @property
    def _id(self) -> str:
        return self._connection["id"]


def _is_key(key: bytes) -> bool:
    return 1 <= len(key) <= MAX_KEY


def _lookup(value: bytes | None) -> Variant:
    return Variant("absent") if value is None else Variant("found", value)
