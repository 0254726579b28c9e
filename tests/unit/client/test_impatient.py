"""Requests that do not wait long."""

from okg.client.impatient import Impatient
from okg.client.transport import HttpRequest, HttpResponse, HttpStream


class Keeping:
    """A transport that keeps what it is asked."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return HttpResponse(status=200)

    def stream(self, request: HttpRequest) -> HttpStream:
        raise AssertionError(request)

    def close(self) -> None:
        raise AssertionError("shared")


def test_requests_get_the_timeout() -> None:
    transport = Keeping()

    Impatient(transport, 5.0).send(HttpRequest(method="GET", path="/lease"))

    assert transport.requests == [HttpRequest(method="GET", path="/lease", timeout=5.0)]


def test_closing_leaves_the_shared_transport_open() -> None:
    Impatient(Keeping(), 5.0).close()
