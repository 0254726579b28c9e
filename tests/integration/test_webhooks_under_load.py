"""Admissions at a steady rate while replicas come, go and change their certificate."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from integration.arena import SYSTEM
from integration.hooked import SECRET, SERVICE, Hooked, Load, Replica, a_pod, open_hooked
from okg.api.core import Pod, Secret
from okg.errors import ServerError
from okg.testing.eventually import eventually
from okg.webhooks.certificates.pair import LIFETIME, Pair, make_pair
from okg.webhooks.certificates.store import Store, new_secret

pytestmark = pytest.mark.integration

ELECTED = ("--leader-elect", f"--leader-election-namespace={SYSTEM}")
LEADS = "successfully acquired lease"
CUT = ("EOF", "connection reset", "broken pipe", "server closed idle connection")
"""What is said of a connection whose other end is gone."""

RATE = 100.0
"""Creations a second, each followed by a deletion: twice as many admissions."""


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hooked]:
    with open_hooked(tmp_path_factory.mktemp("hooked")) as hooked:
        yield hooked


@pytest.fixture
def namespace(hooked: Hooked) -> str:
    return hooked.arena.namespace()


@contextmanager
def _on_the_leader(hooked: Hooked, load: Load) -> Generator[tuple[Replica, Replica]]:
    """Run a load whose every connection is to the leader, with a follower that could take over."""
    with ExitStack() as replicas:
        leader = replicas.enter_context(hooked.replica(*ELECTED))
        eventually(lambda: LEADS in leader.manager.log, within=30)
        with load.running():
            eventually(lambda: len(load.seconds) > 50, within=30)
            follower = replicas.enter_context(hooked.replica(*ELECTED))
            yield leader, follower


def test_without_a_replica_pods_cannot_be_made_and_those_there_are_live_on(
    hooked: Hooked, namespace: str
) -> None:
    admin = hooked.arena.admin
    with hooked.replica():
        pod = admin.create(a_pod(namespace, "a-0"))

    with pytest.raises(ServerError, match=r'failed calling webhook "mgameserverset\.kb\.io"'):
        admin.create(a_pod(namespace, "a-1"))
    with pytest.raises(ServerError, match=r'failed calling webhook "mgameserverset\.kb\.io"'):
        admin.delete(pod)
    admin.create(a_pod(namespace, "other", owned=False))
    reported = admin.patch(
        pod,
        msgspec.structs.replace(pod, status=msgspec.structs.replace(pod.status, phase="Running")),
        subresource="status",
        lock=False,
    )
    assert reported.status.phase == "Running"
    _evict(hooked, namespace, "a-0")
    assert admin.get(Pod, namespace, "a-0") is None
    with hooked.replica():
        admin.create(a_pod(namespace, "a-1"))


def _evict(hooked: Hooked, namespace: str, name: str) -> None:
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
    }
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    hooked.arena.rest.call("POST", path, eviction)


def test_a_certificate_is_renewed_under_load_and_nobody_is_refused(
    hooked: Hooked, namespace: str
) -> None:
    old = make_pair(
        [f"{SERVICE}.{SYSTEM}.svc", "localhost"], datetime.now(UTC) - LIFETIME + timedelta(days=80)
    )
    _store(hooked, Store(current=old))
    load = Load(hooked.arena.admin, namespace, RATE)

    with hooked.replica(*ELECTED) as first, hooked.replica(*ELECTED) as second, load.running():
        eventually(lambda: hooked.store.current != old, within=90)
        new = hooked.store.current
        eventually(lambda: _serves(first.folder, new) and _serves(second.folder, new), within=30)
        made = len(load.seconds)
        eventually(lambda: len(load.seconds) > made + 50, within=30)

    assert load.failures == []
    assert len(load.seconds) > 500
    assert hooked.store.retired == old.authority


def _store(hooked: Hooked, store: Store) -> None:
    """Put a certificate into the Secret that is near its end."""
    secret = new_secret(SYSTEM, SECRET, store)
    found = hooked.arena.admin.get(Secret, SYSTEM, SECRET)
    if found is not None:
        hooked.arena.admin.delete(found)
    hooked.arena.admin.create(secret)


def _serves(folder: Path, pair: Pair) -> bool:
    return (folder / "tls.crt").read_text() == pair.certificate


def test_the_leader_is_told_to_stop_under_load_and_nobody_is_refused(
    hooked: Hooked, namespace: str
) -> None:
    load = Load(hooked.arena.admin, namespace, RATE)
    # As a cluster does: endpoints follow after a moment, and no connection is tried elsewhere.
    hooked.proxy.passes_by, hooked.proxy.probe_seconds = False, 1.5

    with _on_the_leader(hooked, load) as (leader, follower):
        leader.manager.process.terminate()
        eventually(lambda: not leader.manager.process.running, within=30)
        eventually(lambda: LEADS in follower.manager.log, within=30)
        made = len(load.seconds)
        eventually(lambda: len(load.seconds) > made + 100, within=30)

    assert load.failures == []


def test_the_leader_is_killed_under_load_beside_its_webhooks_and_nobody_is_refused(
    hooked: Hooked, namespace: str
) -> None:
    load = Load(hooked.arena.admin, namespace, RATE)
    hooked.proxy.passes_by, hooked.proxy.probe_seconds = False, 1.5

    with hooked.pod(*ELECTED) as leader, hooked.pod(*ELECTED) as follower:
        eventually(lambda: LEADS in leader.log, within=30)
        with load.running():
            eventually(lambda: len(load.seconds) > 50, within=30)
            leader.kill()
            eventually(lambda: LEADS in follower.log, within=30)
            made = len(load.seconds)
            eventually(lambda: len(load.seconds) > made + 100, within=30)

    assert load.failures == []


def test_a_leader_with_webhooks_of_its_own_is_killed_and_only_what_it_had_in_hand_is_refused(
    hooked: Hooked, namespace: str
) -> None:
    load = Load(hooked.arena.admin, namespace, RATE, workers=8)
    hooked.proxy.passes_by, hooked.proxy.probe_seconds = True, 0.2

    with _on_the_leader(hooked, load) as (leader, _):
        leader.manager.kill()
        made = len(load.seconds)
        eventually(lambda: len(load.seconds) > made + 200, within=30)

    print(f"refused: {load.failures}")  # noqa: T201 - how many is worth knowing
    # One for each request under way, and one for each connection that the API server kept.
    assert len(load.failures) <= 16
    assert [one for one in load.failures if not any(word in one for word in CUT)] == []
