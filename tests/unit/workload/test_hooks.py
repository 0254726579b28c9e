import pytest
from msgspec.structs import replace

from okg.api.kruise import LifecycleHook
from okg.workload.hooks import is_hooked
from unit.fleet import a_pod


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (None, False),
        (LifecycleHook(), False),
        (LifecycleHook(labels_handler={"busy": "true"}), True),
        (LifecycleHook(labels_handler={"busy": "false"}), False),
        (LifecycleHook(finalizers_handler=("games/busy",)), True),
        (LifecycleHook(finalizers_handler=("games/other",)), False),
        (
            LifecycleHook(labels_handler={"a": "b"}, finalizers_handler=("x/y", "games/busy")),
            True,
        ),
    ],
)
def test_any_label_or_finalizer_of_a_hook_holds(
    hook: LifecycleHook | None, *, expected: bool
) -> None:
    pod = a_pod(labels={"busy": "true"})
    pod = replace(pod, metadata=replace(pod.metadata, finalizers=("games/busy",)))

    assert is_hooked(pod, hook) is expected
