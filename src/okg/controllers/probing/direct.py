"""Probes that ask a pod itself, over TCP and HTTP."""

import string
import time
from collections.abc import Mapping
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    InvalidURL,
    RemoteDisconnected,
)
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from okg.context import Context
from okg.controllers.probing.sockets import connected, encrypted
from okg.workload.native.probing.book import Outcome
from okg.workload.native.probing.probe import HttpAction

MOST_READ = 10 * 1024
"""Bytes of an answer that are read, as a kubelet does."""

_MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FIRST_GOOD, _FIRST_BAD = 200, 400
_PORTS = {"http": 80, "https": 443}


class _Url(msgspec.Struct, frozen=True):
    """What is asked for; ``target`` is path and query."""

    scheme: str
    address: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        return join_host_port(self.address, self.port)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def probe_tcp(ctx: Context, address: str, port: int, timeout: float) -> Outcome:
    """Connect to a port."""
    try:
        with connected(ctx, address, port, time.monotonic() + timeout):
            return Outcome(ok=True)
    except OSError as error:
        why = _reason(error, timeout)
        return Outcome(ok=False, message=f"connect to {join_host_port(address, port)}: {why}")


def probe_http(
    ctx: Context, address: str, port: int, action: HttpAction, timeout: float
) -> Outcome:
    """Ask for a page; redirects within the pod are followed, others are a success."""
    ends_at = time.monotonic() + timeout
    url = _Url(action.scheme.lower(), address, port, _target(action.path))
    try:
        for _ in range(_MOST_REDIRECTS + 1):
            status, location, body = _ask(ctx, url, action, ends_at)
            following = _redirected(url, location) if status in _REDIRECTS else None
            if following is None:
                return _judged(status, body)
            url = following
    except (InvalidURL, ValueError) as error:
        return Outcome(ok=None, message=f"{url} cannot be asked for: {error}")
    except (OSError, HTTPException) as error:
        return Outcome(ok=False, message=f'Get "{url}": {_reason(error, timeout)}')
    return Outcome(ok=False, message=f'Get "{url}": stopped after {_MOST_REDIRECTS} redirects')


def join_host_port(address: str, port: int) -> str:
    """Return an address with its port as URLs have it."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _ask(ctx: Context, url: _Url, action: HttpAction, ends_at: float) -> tuple[int, str, bytes]:
    """Return status, Location and body of an answer."""
    with connected(ctx, url.address, url.port, ends_at) as plain:
        connection = HTTPConnection(url.address, url.port)
        # It closes what it is given, and an encrypted connection has taken over the plain one.
        connection.sock = encrypted(plain) if url.scheme == "https" else plain
        try:
            connection.putrequest("GET", url.target, skip_host=True, skip_accept_encoding=True)
            for name, value in _headers(url, action).items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.headers.get("location", ""), _body(answer)
        finally:
            connection.close()


def _body(answer: HTTPResponse) -> bytes:
    with answer:
        return answer.read(MOST_READ)


def _headers(url: _Url, action: HttpAction) -> Mapping[str, str]:
    """Return the headers of a request: the user's, and ours where they say nothing."""
    headers = {"host": url.authority, "user-agent": "kube-probe", "accept": "*/*"}
    headers |= {header.name.lower(): header.value for header in action.http_headers}
    if not headers["host"]:
        headers["host"] = url.authority
    return {name: value for name, value in headers.items() if value} | {"connection": "close"}


def _target(path: str) -> str:
    target = quote(path.partition("#")[0], safe=string.punctuation)
    return target if target.startswith("/") else f"/{target}"


def _redirected(url: _Url, location: str) -> _Url | None:
    """Return where to go on, None if that is somewhere else than in the pod."""
    to = urlsplit(urljoin(str(url), location))
    if not location or to.scheme not in _PORTS or to.hostname != url.address.lower():
        return None
    target = to._replace(scheme="", netloc="", fragment="").geturl()
    return _Url(to.scheme, url.address, to.port or _PORTS[to.scheme], _target(target))


def _judged(status: int, body: bytes) -> Outcome:
    if _FIRST_GOOD <= status < _FIRST_BAD:
        return Outcome(ok=True, message=body.decode(errors="replace"))
    return Outcome(ok=False, message=f"HTTP probe failed with statuscode: {status}")


def _reason(error: Exception, timeout: float) -> str:
    """Return why it failed, in words that are the same each time."""
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    if isinstance(error, HTTPException) and not isinstance(error, RemoteDisconnected):
        return "malformed HTTP response"
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or "connection closed"
