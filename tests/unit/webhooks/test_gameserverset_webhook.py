"""What is said to whoever stores a GameServerSet."""

import msgspec

from okg.api.admission import AdmissionRequest, AdmissionResponse
from okg.cloudprovider.registry import Registry
from okg.context import Context
from okg.webhooks.gameserverset import GameServerSetWebhook
from unit.webhooks.plugins import ScriptedPlugin


def _set(network_type: str) -> msgspec.Raw:
    template = {"spec": {"containers": [{"name": "game", "image": "game:1"}]}}
    network = {"networkType": network_type}
    spec = {"replicas": 1, "network": network, "gameServerTemplate": template}
    return msgspec.Raw(msgspec.json.encode({"metadata": {"name": "a"}, "spec": spec}))


def _ask(new: msgspec.Raw, old: msgspec.Raw | None = None) -> AdmissionResponse:
    webhook = GameServerSetWebhook(Registry([ScriptedPlugin("Test-Net")]).networks)
    request = AdmissionRequest(object=new, old_object=old or msgspec.Raw())
    return webhook.handle(Context(), request)


def test_a_set_with_a_plugin_that_is_there_is_let_through() -> None:
    assert _ask(_set("Test-Net")).allowed


def test_a_set_with_an_unknown_plugin_is_refused_with_the_names_of_those_there_are() -> None:
    answer = _ask(_set("Other"))

    assert (answer.allowed, answer.code) == (False, 403)
    assert "network type must be one of [Test-Net]" in answer.message


def test_a_mistake_that_is_stored_already_is_a_warning() -> None:
    answer = _ask(_set("Other"), _set("Other"))

    assert answer.allowed
    assert len(answer.warnings) == 1


def test_a_stored_set_that_cannot_be_read_can_be_replaced() -> None:
    assert _ask(_set("Test-Net"), msgspec.Raw(b'{"spec": []}')).allowed


def test_a_set_that_cannot_be_read_is_refused() -> None:
    answer = _ask(msgspec.Raw(b'{"spec": {"replicas": "many"}}'))

    assert (answer.allowed, answer.code) == (False, 400)
    assert "cannot decode the GameServerSet" in answer.message


def test_a_set_that_nests_too_deeply_is_refused_and_can_be_replaced() -> None:
    deep = msgspec.Raw(b'{"status":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}")

    answer = _ask(deep)

    assert (answer.allowed, answer.code) == (False, 400)
    assert _ask(_set("Test-Net"), deep).allowed
