import pytest

from okg.api.game import GameServer
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest, HttpResponse
from okg.cmd.discovery import (
    can_resize_pods,
    check_server,
    has_native_sets,
    is_served,
    may_make_pods,
)
from okg.errors import ConfigError, TimedOut
from okg.testing.apiserver import FakeApiServer

KINDS = b'{"resources":[{"name":"gameservers"},{"name":"gameserversets"}]}'


class Answers(FakeApiServer):
    """A server that gives these answers one after the other, the last one for ever."""

    def __init__(self, *answers: HttpResponse | TimedOut) -> None:
        super().__init__()
        self._answers = list(answers)

    def send(self, request: HttpRequest) -> HttpResponse:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, TimedOut):
            raise answer
        return answer


def answer(status: int, body: bytes = b"{}") -> HttpResponse:
    return HttpResponse(status=status, body=body)


def served(*answers: HttpResponse | TimedOut) -> bool:
    return is_served(ApiClient(Answers(*answers)), GameServer, sleep=lambda _: None)


def test_a_kind_is_served_if_its_group_lists_it() -> None:
    assert served(answer(200, KINDS))
    assert not served(answer(200, b'{"resources":[]}'))
    assert not served(answer(404))


def test_pods_can_be_resized_where_the_server_lists_the_subresource() -> None:
    with_it = answer(200, b'{"resources":[{"name":"pods"},{"name":"pods/resize"}]}')
    without = answer(200, b'{"resources":[{"name":"pods"},{"name":"pods/status"}]}')

    assert can_resize_pods(ApiClient(Answers(with_it)))
    assert not can_resize_pods(ApiClient(Answers(without)))


def test_a_short_trouble_of_the_server_is_waited_for() -> None:
    assert served(answer(503), TimedOut("slow"), answer(429), answer(200, KINDS))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (answer(500), "500 .*; wait until `kubectl get --raw /readyz` says ok"),
        (answer(403), "403 .*; .*ClusterRole system:discovery"),
        (answer(401), "401 .*; are the credentials valid"),
        (TimedOut("no answer"), r"no answer; is the address in the kubeconfig right\?"),
        (answer(200, b"<html>"), r"; is the address in the kubeconfig right\?"),
    ],
)
def test_a_server_that_cannot_be_asked_is_one_line(
    found: HttpResponse | TimedOut, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        served(found)


def test_what_is_missing_is_told_with_its_remedy() -> None:
    with pytest.raises(ConfigError, match=r"not serve gameserversets.*kubectl apply -f config/crd"):
        check_server(ApiClient(Answers(answer(404))))

    with pytest.raises(ConfigError, match=r"statefulsets.*install OpenKruise 1\.8 or newer"):
        check_server(ApiClient(Answers(answer(200, KINDS))))


@pytest.mark.parametrize(
    ("found", "there"),
    [
        (answer(200, b'{"metadata":{},"items":[{"metadata":{"name":"a-workload"}}]}'), True),
        (answer(200, b'{"metadata":{},"items":[]}'), False),
        (answer(403), False),
    ],
)
def test_sets_of_our_own_are_known_by_their_records(found: HttpResponse, *, there: bool) -> None:
    assert has_native_sets(ApiClient(Answers(found)), "games") is there


@pytest.mark.parametrize(
    ("found", "allowed"),
    [
        (answer(201, b'{"status":{"allowed":true}}'), True),
        (answer(201, b'{"status":{"allowed":false}}'), False),
        (answer(403), False),
    ],
)
def test_rights_are_asked_for_before_they_are_used(found: HttpResponse, *, allowed: bool) -> None:
    assert may_make_pods(ApiClient(Answers(found)), "games") is allowed
