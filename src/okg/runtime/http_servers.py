"""The plain HTTP servers of a manager: health probes and metrics.

A server binds its socket when it is made, so that an occupied port stops the start, and serves in
``run``.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias, cast
from urllib.parse import parse_qs, urlsplit

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from okg.context import Context
from okg.runtime.listener import Handler, Listener

Answer: TypeAlias = tuple[int, str, bytes]
"""Status, content type and body."""

Route: TypeAlias = Callable[[str, Mapping[str, list[str]]], Answer]
"""Answers a GET; gets the rest of the path below the route, and the query."""

Check: TypeAlias = Callable[[], bool]

Note: TypeAlias = Callable[[], str]
"""What to tell beside a check that passed; empty for nothing."""

_NO_NOTES: Mapping[str, Note] = MappingProxyType({})

_GRACE_SECONDS = 1.0
"""How long an answer may still take at the end."""

_TEXT = "text/plain; charset=utf-8"
_NOT_FOUND: Answer = (404, _TEXT, b"404 page not found\n")
_BROKEN: Answer = (500, _TEXT, b"internal server error\n")


class HttpServer:
    """Answers GET requests by the first part of their path.

    Args:
        address: ``host:port``; port 0 takes a free one.
        flag: what the user set the address with, for messages.
        routes: path without trailing slash → what answers it and everything below it.

    Raises:
        ConfigError: the address makes no sense or is in use.
    """

    def __init__(self, address: str, flag: str, routes: Mapping[str, Route]) -> None:
        self._listener = _Listener(address, flag, routes)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._listener.port

    def run(self, ctx: Context) -> None:
        """Serve until the context is done."""
        self._listener.serve(ctx, grace=_GRACE_SECONDS)

    def close(self) -> None:
        """Give the port back without ever having served."""
        self._listener.server_close()


class _Listener(Listener):
    def __init__(self, address: str, flag: str, routes: Mapping[str, Route]) -> None:
        self.routes = routes
        super().__init__(address, flag, _Handler, "http")


class _Handler(Handler):
    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        """Answer one request."""
        try:
            answer = self._answer()
        except Exception:
            self.listener.ctx.log.exception("no answer to an HTTP request", path=self.path)
            answer = _BROKEN
        # A probe comes every few seconds: no thread waits for the next one.
        self.respond(*answer, close=True)

    def _answer(self) -> Answer:
        url = urlsplit(self.path)
        for path, route in cast("_Listener", self.server).routes.items():
            if url.path == path or url.path.startswith(f"{path}/"):
                rest = url.path[len(path) :].strip("/")
                return route(rest, parse_qs(url.query, keep_blank_values=True))
        return _NOT_FOUND


def metrics_route(registry: CollectorRegistry) -> Route:
    """Return what answers ``/metrics``."""
    ordered = _Ordered(registry)

    def answer(rest: str, _query: Mapping[str, list[str]]) -> Answer:
        if rest:
            return _NOT_FOUND
        return 200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(ordered)

    return answer


class _Ordered(Collector):
    """Metrics by name, those of many lines last: scripts look for names in the first 200 lines."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        """Return all metrics of the registry."""
        return sorted(self._registry.collect(), key=lambda m: (m.type == "histogram", m.name))


def health_route(checks: Mapping[str, Check], notes: Mapping[str, Note] = _NO_NOTES) -> Route:
    """Return what answers ``/healthz`` or ``/readyz``, in the words of Kubernetes' own probes.

    ``?verbose`` tells of each check, ``?exclude=name`` leaves one out, a path below asks one alone.
    A check that raises has failed; why is nobody's business on a port without a lock. What is to be
    told all the same is in the note of a check.
    """

    def passed(name: str) -> str:
        note = notes[name]() if name in notes else ""
        return f"ok: {note}" if note else "ok"

    def answer(rest: str, query: Mapping[str, list[str]]) -> Answer:
        if rest:
            check = checks.get(rest)
            if check is None:
                return _NOT_FOUND
            if _passes(check):
                return 200, _TEXT, passed(rest).encode()
            return 500, _TEXT, b"internal server error: not ready yet\n"
        excluded = set(query.get("exclude", ()))
        results = {name: _passes(c) for name, c in checks.items() if name not in excluded}
        healthy = all(results.values())
        if healthy and "verbose" not in query:
            return 200, _TEXT, b"ok"
        lines = [
            f"[+]{name} {passed(name)}" if result else f"[-]{name} failed: reason withheld"
            for name, result in results.items()
        ]
        # The closing line says healthz for both endpoints, and always has.
        lines.append(f"healthz check {'passed' if healthy else 'failed'}")
        return (200 if healthy else 500), _TEXT, ("\n".join(lines) + "\n").encode()

    return answer


def _passes(check: Check) -> bool:
    try:
        return check()
    except Exception:  # noqa: BLE001 - whatever it raises, the check did not pass
        return False
