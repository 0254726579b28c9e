"""Wire: what lies between a manager's clients and the server, where requests fail or are judged."""

from collections.abc import Callable
from random import Random
from typing import Protocol

import msgspec

from okg.client.transport import HttpRequest, HttpResponse, HttpStream
from okg.testing.apiserver import FakeApiServer
from okg.testing.apiserver.faults import Effect, LoseAnswer, Refuse, Unreachable

EFFECTS: tuple[Effect, ...] = (
    Refuse(status=409, reason="Conflict"),
    Refuse(status=429, reason="TooManyRequests", retry_after=1),
    Refuse(status=500, reason="InternalError"),
    Refuse(status=503, reason="ServiceUnavailable"),
    Unreachable(),
    LoseAnswer(),
    LoseAnswer(),
)
"""What may happen to a request; a lost answer is the worst of it."""


class Killed(BaseException):
    """The manager's process has ended in the middle of what it did."""


class Write(msgspec.Struct, frozen=True):
    """A request that is to change something.

    Attributes:
        method: POST, PATCH or DELETE.
        resource: plural of the kind.
        namespace: of the object.
        name: of the object.
        subresource: empty for the object itself.
        body: as sent.
        content_type: of the body.
    """

    method: str
    resource: str
    namespace: str
    name: str
    subresource: str
    body: bytes
    content_type: str

    def __str__(self) -> str:
        target = "/".join(part for part in (self.resource, self.name, self.subresource) if part)
        return f"{self.method} {target}"


class Judge(Protocol):
    """Looks at every write."""

    def before(self, write: Write) -> None:
        """A write is about to be sent."""
        ...

    def after(self, write: Write, outcome: str) -> None:
        """A write was sent, whatever came of it."""
        ...


class Weather:
    """What becomes of requests.

    Attributes:
        strikes: share of the requests that fail.
        deaths: share of the writes at which the manager dies.
    """

    def __init__(self) -> None:
        self.strikes = 0.0
        self.deaths = 0.0


class Wire:
    """The transport of one manager process. When that is dead, nothing is sent any more.

    Args:
        server: the other end.
        judge: looks at the writes.
        weather: how bad it is.
        random: decides what happens.
        meanwhile: lets somebody else be faster now and then; called before each write.
    """

    def __init__(
        self,
        server: FakeApiServer,
        judge: Judge,
        weather: Weather,
        random: Random,
        meanwhile: Callable[[], None],
    ) -> None:
        self.dead = False
        self.sent = 0
        self._server = server
        self._judge = judge
        self._weather = weather
        self._random = random
        self._meanwhile = meanwhile

    def send(self, request: HttpRequest) -> HttpResponse:
        """Answer a request, or raise what happens to it."""
        if self.dead:
            raise Killed
        self.sent += 1
        if request.method == "GET":
            return self._forward(request)
        self._meanwhile()
        self._die_perhaps()
        write = _write(request)
        self._judge.before(write)
        outcome = "no answer"
        try:
            response = self._forward(request)
            outcome = str(response.status)
        finally:
            self._judge.after(write, outcome)
        self._die_perhaps()
        return response

    def stream(self, request: HttpRequest) -> HttpStream:
        """Refuse: who watches has a client without faults."""
        raise NotImplementedError(request.line)

    def close(self) -> None:
        """Do nothing."""

    def _forward(self, request: HttpRequest) -> HttpResponse:
        if self._random.random() >= self._weather.strikes:
            return self._server.send(request)
        rule = self._server.faults.inject(self._random.choice(EFFECTS), times=1)
        try:
            return self._server.send(request)
        finally:
            self._server.faults.remove(rule)

    def _die_perhaps(self) -> None:
        if self._random.random() < self._weather.deaths:
            self.dead = True
            raise Killed


def _write(request: HttpRequest) -> Write:
    """Take a path apart: /api/v1 or /apis/group/version, then namespaces/x/kind[/name[/sub]]."""
    parts = request.path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    assert rest[0] == "namespaces", request.path
    namespace, resource, name, subresource = (*rest[1:], "", "")[:4]
    if request.method == "POST":
        name = msgspec.json.decode(request.body or b"{}")["metadata"]["name"]
    return Write(
        method=request.method,
        resource=resource,
        namespace=namespace,
        name=name,
        subresource=subresource,
        body=request.body or b"",
        content_type=request.headers.get("content-type", ""),
    )
