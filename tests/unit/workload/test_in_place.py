import msgspec
import pytest

from okg.workload.in_place import obstacle, template_changes

GAME = {"name": "game", "image": "game:1"}


def a_template(container: dict[str, object] | None = None, **members: object) -> msgspec.Raw:
    spec = {"containers": [GAME | (container or {})]}
    return msgspec.Raw(msgspec.json.encode({"metadata": {}, "spec": spec, **members}))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (a_template(), ""),
        (a_template({"image": "game:2"}), ""),
        (a_template(metadata={"labels": {"a": "b"}, "annotations": {"c": "d"}}), ""),
        (a_template({"name": "other"}), "spec.containers[0].name"),
        (a_template({"env": [{"name": "A"}]}), "spec.containers[0].env"),
        (a_template({"image": ""}), ""),
        (a_template({"image": None}), "spec.containers[0].image"),
        (a_template(spec={"containers": [GAME, GAME]}), "spec.containers"),
        (
            a_template(spec={"containers": [GAME], "initContainers": [GAME]}),
            "spec.initContainers",
        ),
        (a_template({"image": "game:2", "env": [1]}), "spec.containers[0].env"),
    ],
)
def test_images_and_metadata_change_in_place_and_nothing_else(
    after: msgspec.Raw, expected: str
) -> None:
    assert obstacle(template_changes(a_template(), after)) == expected


def test_what_only_marks_a_revision_is_no_change() -> None:
    marked = msgspec.json.decode(a_template()) | {"$patch": "replace"}

    assert template_changes(msgspec.Raw(msgspec.json.encode(marked)), a_template()) == ()


def test_a_revision_without_a_template_differs() -> None:
    assert template_changes(msgspec.Raw(), a_template())
