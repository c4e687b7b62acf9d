"""The HTTP client: what may be dialled, for how long, and how much is read."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult

from .addresses import is_loopback_address, is_public_address, literal

CONNECT = 3.0


class ExchangeError(Exception):
    """`error` is a case of the contract's `http.error`."""

    def __init__(self, error: str):
        super().__init__(error)
        self.error = error


@dataclass
class Request:
    """A request to send as it is."""

    method: str
    url: SplitResult
    headers: dict[str, str]
    body: bytes


class HttpClient:
    """No redirects, no proxy, no decompression, no retry, no connection kept, no private addresses."""

    def __init__(self, deadline: float = 10.0, ca: str | None = None, danger_allow_loopback: bool = False):
        """`deadline`: seconds for one exchange. `ca`: a PEM file of authorities to trust besides the machine's own.

        `danger_allow_loopback` lets connections whose policy says so reach this machine. Development only.
        """
        self._deadline = deadline
        self._loopback = danger_allow_loopback
        self._tls = ssl.create_default_context()
        if ca:
            self._tls.load_verify_locations(ca)

    def send(self, request: Request, most: int, network: str, left: float):
        """Sends one request and reads at most `most` bytes of its answer: status, headers and body."""
        development = network == "danger-loopback"
        if development and not self._loopback:
            raise ExchangeError("denied")
        plain = request.url.scheme == "http"

        def permits(address: str) -> bool:
            return (development and is_loopback_address(address)) or (not plain and is_public_address(address))

        # An address in the URL is no name: a provider has a name, and a certificate for it.
        host = request.url.hostname
        if literal(host) and not (development and permits(host)):
            raise ExchangeError("denied")
        ends = time.monotonic() + min(self._deadline, left)
        connection = _Connection(request.url, None if plain else self._tls, permits, ends)
        # Each read has the socket's timeout; all of them together have the deadline.
        alarm = threading.Timer(max(0.0, ends - time.monotonic()), connection.interrupt)
        alarm.daemon = True
        alarm.start()
        try:
            return _exchange(connection, request, most)
        except (OSError, http.client.HTTPException) as error:
            timeout = time.monotonic() >= ends or isinstance(error, TimeoutError)
            raise ExchangeError("timeout" if timeout else "unreachable") from error
        finally:
            alarm.cancel()
            connection.close()


def _exchange(connection: "_Connection", request: Request, most: int):
    target = (request.url.path or "/") + (f"?{request.url.query}" if request.url.query else "")
    connection.putrequest(request.method, target, skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    if request.method == "POST":
        connection.putheader("content-length", str(len(request.body)))
    connection.putheader("connection", "close")
    connection.endheaders(request.body or None)
    answer = connection.getresponse()
    # Nothing was offered, so a coded body is an answer to another question.
    if answer.getheader("content-encoding") is not None:
        raise ExchangeError("unreachable")
    body = answer.read(most + 1)
    if len(body) > most:
        raise ExchangeError("too-large")
    if answer.length:  # less than was announced
        raise http.client.IncompleteRead(body)
    return answer.status, answer.getheaders(), body


class _Connection(http.client.HTTPConnection):
    """Resolves, judges every address, and dials one of those that passed."""

    def __init__(self, url: SplitResult, tls: ssl.SSLContext | None, permits: Callable[[str], bool], ends: float):
        super().__init__(url.hostname, url.port or (443 if tls else 80))
        self.default_port = 443 if tls else 80  # left out of the `host` header
        self._tls = tls
        self._permits = permits
        self._ends = ends
        self._interrupted = False

    def connect(self) -> None:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        # One that may not be dialled spoils the name: it may be the one that is dialled next.
        if not found or not all(self._permits(address[0]) for *_, address in found):
            raise OSError("no address that may be dialled")
        failure = OSError("no address")
        for family, kind, protocol, _, address in found:
            try:
                self.sock = socket.socket(family, kind, protocol)
                self.sock.settimeout(min(CONNECT, self._left()))
                self.sock.connect(address)
                break
            except OSError as error:
                self.sock.close()
                failure = error
        else:
            raise failure
        self.sock.settimeout(self._left())
        if self._tls:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)

    def interrupt(self) -> None:
        """Ends every read and write that is under way."""
        self._interrupted = True
        try:
            if self.sock:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it was over already

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0 or self._interrupted:
            raise TimeoutError
        return left
