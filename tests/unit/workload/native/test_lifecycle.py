from collections.abc import Mapping
from typing import TypeAlias

import pytest
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.kruise import LifecycleHook
from okg.workload.native.capability import InPlaceChange
from okg.workload.native.lifecycle import (
    following_state,
    in_state,
    is_fully_hooked,
    is_hooked,
)
from okg.workload.native.pod_update import start_update
from unit.workload.native.native_pods import (
    LIFECYCLE,
    NEW,
    NOW,
    OLD,
    REVISION,
    a_native_workload,
    a_server_pod,
)

Hooks: TypeAlias = Mapping[str, object] | None

BLOCK = {"labelsHandler": {"block": "true"}, "finalizersHandler": ["x/block"]}
NO_HOOKS: Hooks = None
OTHER_HOOK: Hooks = {"preDelete": BLOCK}
HOOK: Hooks = {"inPlaceUpdate": BLOCK}
EMPTY_HOOK: Hooks = {"inPlaceUpdate": {}}
BEFORE_NORMAL: Hooks = {"preNormal": BLOCK}

FREE: dict[str, str] = {}
HALF = {"block": "true"}
FULL = ("x/block",)


@pytest.mark.parametrize(
    ("hook", "labels", "finalizers", "hooked", "fully"),
    [
        (None, HALF, FULL, False, False),
        (LifecycleHook(), HALF, FULL, False, True),
        (LifecycleHook(labels_handler=HALF), HALF, (), True, True),
        (LifecycleHook(labels_handler=HALF), {"block": "false"}, (), False, False),
        (LifecycleHook(finalizers_handler=FULL), FREE, FULL, True, True),
        (LifecycleHook(finalizers_handler=FULL), FREE, ("x/other",), False, False),
        (LifecycleHook(labels_handler=HALF, finalizers_handler=FULL), HALF, (), True, False),
        (LifecycleHook(labels_handler=HALF, finalizers_handler=FULL), HALF, FULL, True, True),
    ],
)
def test_any_handler_holds_and_all_release(
    *,
    hook: LifecycleHook | None,
    labels: Mapping[str, str],
    finalizers: tuple[str, ...],
    hooked: bool,
    fully: bool,
) -> None:
    pod = a_server_pod(labels=labels, finalizers=finalizers)

    assert (is_hooked(hook, pod), is_fully_hooked(hook, pod)) == (hooked, fully)


@pytest.mark.parametrize(
    ("state", "hooks", "labels", "finalizers", "complete", "expected"),
    [
        ("PreparingNormal", NO_HOOKS, FREE, (), True, "Normal"),
        ("PreparingNormal", HOOK, FREE, (), True, "Normal"),
        ("PreparingNormal", BEFORE_NORMAL, HALF, (), True, ""),
        ("PreparingNormal", BEFORE_NORMAL, HALF, FULL, True, "Normal"),
        ("Updating", NO_HOOKS, FREE, (), False, ""),
        ("Updating", NO_HOOKS, FREE, (), True, "Normal"),
        ("Updating", OTHER_HOOK, FREE, (), True, "Updated"),
        ("Updating", HOOK, HALF, (), True, "Updated"),
        ("Updating", HOOK, HALF, FULL, True, "Normal"),
        ("Updating", EMPTY_HOOK, FREE, (), True, "Normal"),
        ("Updated", NO_HOOKS, FREE, (), True, "Normal"),
        ("Updated", OTHER_HOOK, FREE, (), True, "Normal"),
        ("Updated", HOOK, HALF, (), True, ""),
        ("Updated", HOOK, HALF, FULL, True, "Normal"),
        ("Updated", EMPTY_HOOK, FREE, (), True, "Normal"),
        ("PreparingDelete", HOOK, FREE, (), True, ""),
        ("Normal", HOOK, HALF, FULL, True, ""),
        ("", HOOK, HALF, FULL, True, ""),
    ],
)
def test_states_that_a_pod_goes_through_by_itself(
    *,
    state: str,
    hooks: Hooks,
    labels: Mapping[str, str],
    finalizers: tuple[str, ...],
    complete: bool,
    expected: str,
) -> None:
    pod = a_server_pod(lifecycle=state, labels=labels, finalizers=finalizers, revision=NEW)
    lifecycle = a_native_workload(hooks).spec.lifecycle

    assert following_state(pod, lifecycle, NEW, complete=complete) == expected


@pytest.mark.parametrize(
    ("revision", "hooks", "labels", "finalizers", "expected"),
    [
        (OLD, HOOK, HALF, FULL, ""),
        (NEW, HOOK, HALF, (), "Updated"),
        (NEW, HOOK, HALF, FULL, "Normal"),
        ("new", OTHER_HOOK, FREE, (), "Updated"),
        (NEW, NO_HOOKS, FREE, (), "Normal"),
    ],
)
def test_a_pod_that_was_rolled_back_before_its_update_began_is_done(
    revision: str,
    hooks: Hooks,
    labels: Mapping[str, str],
    finalizers: tuple[str, ...],
    expected: str,
) -> None:
    pod = a_server_pod(
        lifecycle="PreparingUpdate", labels=labels, finalizers=finalizers, revision=revision
    )
    lifecycle = a_native_workload(hooks).spec.lifecycle

    assert following_state(pod, lifecycle, NEW, complete=True) == expected


METADATA_ONLY = InPlaceChange()


def stepped(state: str, hooks: Hooks, labels: Mapping[str, str]) -> Pod | None:
    pod = a_server_pod(lifecycle=state, labels=labels)
    step = start_update(pod, a_native_workload(hooks), NEW, METADATA_ONLY, NOW)
    return step.after if step else None


@pytest.mark.parametrize(
    ("state", "hooks", "labels", "revision", "expected"),
    [
        ("", HOOK, HALF, OLD, "PreparingUpdate"),
        ("Normal", HOOK, HALF, OLD, "PreparingUpdate"),
        ("PreparingNormal", HOOK, HALF, OLD, "PreparingUpdate"),
        ("Normal", HOOK, FREE, NEW, "Updating"),
        ("PreparingNormal", HOOK, FREE, NEW, "Updating"),
        ("Normal", NO_HOOKS, HALF, NEW, "Updating"),
        ("Normal", EMPTY_HOOK, FREE, NEW, "Updating"),
        ("PreparingUpdate", HOOK, FREE, NEW, "Updating"),
        ("PreparingUpdate", NO_HOOKS, HALF, NEW, "Updating"),
        ("Updated", HOOK, FREE, OLD, "PreparingUpdate"),
        ("Updated", EMPTY_HOOK, FREE, OLD, "PreparingUpdate"),
        ("Updated", NO_HOOKS, FREE, NEW, "Updating"),
        ("Updating", HOOK, HALF, NEW, "Updating"),
        ("Updating", HOOK, FREE, NEW, "Updating"),
        ("PreparingDelete", HOOK, FREE, OLD, "Normal"),
    ],
)
def test_states_that_an_update_takes_a_pod_through(
    state: str, hooks: Hooks, labels: Mapping[str, str], revision: str, expected: str
) -> None:
    after = stepped(state, hooks, labels)

    assert after is not None
    assert after.metadata.labels[LIFECYCLE] == expected
    assert after.metadata.labels[REVISION] == revision


def test_an_update_waits_while_a_hook_holds_the_pod() -> None:
    assert stepped("PreparingUpdate", HOOK, HALF) is None


def test_a_pod_without_a_state_gets_none() -> None:
    after = stepped("", NO_HOOKS, FREE)

    assert after is not None
    assert after.metadata.labels == {REVISION: NEW}


def test_a_hook_that_was_released_for_one_update_is_set_again_for_the_next() -> None:
    after = stepped("Updated", HOOK, {"block": "false", "mine": "1"})

    assert after is not None
    assert after.metadata.labels == {
        REVISION: OLD,
        LIFECYCLE: "PreparingUpdate",
        "block": "true",
        "mine": "1",
    }
    assert after.metadata.finalizers == ("x/block",)


def test_the_state_of_the_game_server_comes_in_the_same_write() -> None:
    pod = a_server_pod(lifecycle="Normal")
    labels = {**pod.metadata.labels, "game.kruise.io/gs-state": "Ready"}
    pod = replace(pod, metadata=replace(pod.metadata, labels=labels))

    moved = in_state(pod, "Updating", NOW)

    assert moved.metadata.labels == {
        **labels,
        LIFECYCLE: "Updating",
        "game.kruise.io/gs-state": "Updating",
    }
