"""The image in a cluster, two replicas by the overlay `ha`: what operators install."""

import os
import time
from collections.abc import Callable, Generator

import pytest

from e2e.container_arena import seconds_until
from e2e.in_cluster import Admissions, Installation, open_installation
from e2e.manager_image import ManagerImage
from integration.arena import SYSTEM, names
from okg.errors import ConfigError, Forbidden
from okg.testing.binaries import KRUISE_MANAGER, KUSTOMIZE, find_program
from okg.testing.container_node import find_node_programs
from okg.testing.eventually import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def installation(
    manager_image: ManagerImage, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Installation]:
    """The manager in a cluster of its own, beside OpenKruise."""
    try:
        find_node_programs()
        for program in (KUSTOMIZE, KRUISE_MANAGER):
            find_program(program)
    except ConfigError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    with open_installation(manager_image, tmp_path_factory.mktemp("cluster")) as installation:
        eventually(installation.is_complete, within=120)
        eventually(installation.has_registered, within=60)
        yield installation


def test_the_pods_are_ready_where_nothing_else_is_let_in_that_is_not_restricted(
    installation: Installation,
) -> None:
    privileged = {"name": "any", "image": "any:1", "securityContext": {"privileged": True}}
    pod = {"metadata": {"name": "any"}, "spec": {"containers": [privileged]}}

    with pytest.raises(Forbidden, match='violates PodSecurity "restricted'):
        installation.rest.call("POST", f"/api/v1/namespaces/{SYSTEM}/pods", pod)

    assert len(installation.replicas()) == 2


def test_the_leader_is_deleted_while_a_set_grows_and_no_admission_is_refused(
    installation: Installation, record_testsuite_property: Callable[[str, object], None]
) -> None:
    namespace = installation.namespace()
    # Without a policy OpenKruise would write Always.
    image = {"image": installation.game.reference, "imagePullPolicy": "IfNotPresent"}
    installation.create_set(
        namespace,
        "a",
        replicas=2,
        gameServerTemplate={"spec": {"containers": [{"name": "game", **image}]}},
    )
    eventually(lambda: installation.ready(namespace) == names("a", range(2)), within=60)
    eventually(installation.is_complete, within=60)
    leader = eventually(installation.leader, within=30)
    load = Admissions(installation.rest, namespace)

    with load.running():
        eventually(lambda: load.answered > 20, within=30)
        installation.edit_set(namespace, "a", {"replicas": 8})
        eventually(lambda: len(installation.pods(namespace)) > 2, within=20, every=0.005)
        installation.delete_replica(leader)
        begun = time.monotonic()
        led = seconds_until(lambda: installation.leader() not in {"", leader}, within=20)
        seconds_until(lambda: installation.ready(namespace) == names("a", range(8)), within=20)
        scaled = time.monotonic() - begun
        record_testsuite_property("leader_deleted_in_cluster", f"{led:.1f} s, {scaled:.1f} s")
        assert scaled < 20
        eventually(installation.is_complete, within=60)
        answered = load.answered
        eventually(lambda: load.answered > answered + 50, within=30)

    assert load.refused == []
    assert leader not in {pod.metadata.name for pod in installation.replicas()}
