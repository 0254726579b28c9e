import msgspec
import pytest

from okg.api.core import ResourceRequirements
from okg.workload.native.capability import InPlaceChange, changes_to, in_place_change
from okg.workload.native.metadata_patch import MetadataPatch
from unit.workload.native.native_pods import a_template

GAME = {"name": "game", "image": "game:1"}
SIDE = {"name": "side", "image": "side:1"}
BOTH = a_template(GAME, SIDE)


def amounts(
    cpu: str, memory: str, *, request_cpu: str = "", restart: str = ""
) -> dict[str, object]:
    resources: dict[str, object] = {"limits": {"cpu": cpu, "memory": memory}}
    if request_cpu:
        resources["requests"] = {"cpu": request_cpu}
    policy = [{"resourceName": restart, "restartPolicy": "RestartContainer"}] if restart else []
    return {**GAME, "resources": resources, "resizePolicy": policy}


def reading(path: str) -> dict[str, object]:
    field = {"valueFrom": {"fieldRef": {"fieldPath": path}}}
    return {**GAME, "env": [{"name": "PLAIN", "value": "1"}, {"name": "READ", **field}]}


@pytest.mark.parametrize(
    ("after", "change"),
    [
        (BOTH, InPlaceChange()),
        (a_template(GAME, {**SIDE, "image": "side:2"}), InPlaceChange(images={"side": "side:2"})),
        (
            a_template({**GAME, "image": "game:2"}, {**SIDE, "image": "side:2"}),
            InPlaceChange(images={"game": "game:2", "side": "side:2"}),
        ),
        (
            a_template(GAME, SIDE, metadata={"labels": {"a": "1"}, "annotations": {"b": "2"}}),
            InPlaceChange(metadata=MetadataPatch(labels={"a": "1"}, annotations={"b": "2"})),
        ),
        (
            a_template(GAME, SIDE, metadata={"finalizers": ["x/y"]}),
            InPlaceChange(
                metadata=MetadataPatch(finalizers=("x/y",), finalizer_order=("x/y",)),
            ),
        ),
    ],
)
def test_images_and_metadata_come_in_place(after: msgspec.Raw, change: InPlaceChange) -> None:
    assert in_place_change(BOTH, after) == change


@pytest.mark.parametrize(
    ("after", "obstacle"),
    [
        (a_template(GAME), "spec.containers"),
        (a_template(SIDE, GAME), "spec.containers[0].name"),
        (a_template({**GAME, "env": [{"name": "A"}]}, SIDE), "spec.containers[0].env"),
        (a_template({"name": "game"}, SIDE), "spec.containers[0].image"),
        (
            a_template({**GAME, "resources": {"limits": {"cpu": "1"}}}, SIDE),
            "spec.containers[0].resources",
        ),
        (a_template({**GAME, "image": ["odd"]}, SIDE), "a template cannot be read"),
        (msgspec.Raw(b""), "spec"),
    ],
)
def test_anything_else_takes_a_new_pod(after: msgspec.Raw, obstacle: str) -> None:
    change = in_place_change(BOTH, after)

    assert change.obstacle.startswith(obstacle)
    assert change == InPlaceChange(obstacle=change.obstacle)


def test_the_image_of_an_init_container_takes_a_new_pod() -> None:
    first = a_template(spec={"containers": [GAME], "initContainers": [SIDE]})
    second = a_template(
        spec={"containers": [GAME], "initContainers": [{**SIDE, "image": "side:2"}]}
    )

    assert in_place_change(first, second).obstacle == "spec.initContainers[0].image"


@pytest.mark.parametrize(
    ("path", "metadata", "obstacle"),
    [
        (
            "metadata.labels['mode']",
            {"labels": {"mode": "b"}},
            "metadata.labels[mode], which the environment of game is of",
        ),
        (
            "metadata.annotations['a.b/mode']",
            {"labels": {"mode": "a"}, "annotations": {"a.b/mode": "1"}},
            "metadata.annotations[a.b/mode], which the environment of game is of",
        ),
        (
            "metadata.labels['mode']",
            {},
            "metadata.labels[mode], which the environment of game is of",
        ),
        ("metadata.labels['other']", {"labels": {"mode": "b"}}, ""),
        ("metadata.annotations['mode']", {"labels": {"mode": "b"}}, ""),
        ("metadata.name", {"labels": {"mode": "b"}}, ""),
    ],
)
def test_what_a_container_reads_into_its_environment_takes_a_new_pod(
    path: str, metadata: dict[str, object], obstacle: str
) -> None:
    before = a_template(reading(path), metadata={"labels": {"mode": "a"}})
    after = a_template(reading(path), metadata=metadata)

    assert in_place_change(before, after).obstacle == obstacle


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (
            amounts("2", "1Gi", request_cpu="1"),
            amounts("3", "1Gi", request_cpu="1"),
            InPlaceChange(resources={"game": ResourceRequirements(limits={"cpu": "3"})}),
        ),
        (
            amounts("1", "1Gi"),
            amounts("2", "1Gi"),
            InPlaceChange(
                resources={"game": ResourceRequirements(limits={"cpu": "2"}, requests={"cpu": "2"})}
            ),
        ),
        (
            amounts("2", "1Gi", request_cpu="1", restart="memory"),
            amounts("2", "2Gi", request_cpu="1", restart="memory"),
            InPlaceChange(
                resources={
                    "game": ResourceRequirements(
                        limits={"memory": "2Gi"}, requests={"memory": "2Gi"}
                    )
                },
                resize_restarts=True,
            ),
        ),
        (
            amounts("2", "1Gi", request_cpu="1", restart="memory"),
            amounts("3", "1Gi", request_cpu="1", restart="memory"),
            InPlaceChange(resources={"game": ResourceRequirements(limits={"cpu": "3"})}),
        ),
        (amounts("1", "1Gi"), amounts("1000m", "1024Mi"), InPlaceChange()),
        (
            amounts("1", "1Gi", request_cpu="1"),
            amounts("2", "1Gi", request_cpu="1"),
            InPlaceChange(
                obstacle="spec.containers, whose resources make another quality of service class"
            ),
        ),
    ],
)
def test_amounts_come_in_place_where_pods_can_be_resized(
    before: dict[str, object], after: dict[str, object], change: InPlaceChange
) -> None:
    assert in_place_change(a_template(before), a_template(after), resizing=True) == change


def test_amounts_take_a_new_pod_where_pods_cannot_be_resized() -> None:
    change = in_place_change(a_template(amounts("2", "1Gi")), a_template(amounts("3", "1Gi")))

    assert change.obstacle == "spec.containers[0].resources.limits.cpu"


@pytest.mark.parametrize(
    ("before", "after", "obstacle"),
    [
        (
            {"cpu": "1", "memory": "1"},
            {"cpu": "1"},
            "spec.containers[0].resources.limits.memory",
        ),
        (
            {"cpu": "1"},
            {"cpu": "1", "memory": "1"},
            "spec.containers[0].resources.limits.memory",
        ),
        ({"x/gpu": "1"}, {"x/gpu": "2"}, "spec.containers[0].resources.limits.x/gpu"),
    ],
)
def test_only_new_amounts_of_cpu_and_memory_come_in_place(
    before: dict[str, str], after: dict[str, str], obstacle: str
) -> None:
    old = a_template({**GAME, "resources": {"limits": before}})
    new = a_template({**GAME, "resources": {"limits": after}})

    assert in_place_change(old, new, resizing=True).obstacle == obstacle


def test_every_revision_has_its_own_way_to_a_template() -> None:
    marked = a_template({**GAME, "image": "game:2"}, **{"$patch": "replace"})

    assert changes_to(marked, {"old": a_template(GAME), "new": marked}) == {
        "old": InPlaceChange(images={"game": "game:2"}),
        "new": InPlaceChange(),
    }
