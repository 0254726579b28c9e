import msgspec
import pytest

from okg.api.game import GameServer, ServiceQualityAction, ServiceQualityCondition
from okg.workload.notices import Notice
from okg.workload.quality_action import Applied, apply_action
from unit.fleet import a_server


def applied(
    fields: dict[str, object], *, result: str = "42", server: GameServer | None = None
) -> Applied:
    action = msgspec.convert({"state": True, **fields}, ServiceQualityAction)
    condition = ServiceQualityCondition(name="players", status="True", result=result)
    return apply_action(server or a_server(), action, condition)


def test_fields_that_are_set_overwrite_and_others_stay() -> None:
    outcome = applied({"opsState": "Allocated", "networkDisabled": True, "updatePriority": 20})

    spec = outcome.server.spec
    assert spec.ops_state == "Allocated"
    assert spec.network_disabled is True
    assert spec.update_priority == 20
    assert spec.deletion_priority == 0
    assert outcome.notices == ()


@pytest.mark.parametrize("value", [20, "20", "high", ""])
def test_a_priority_without_template_is_stored_as_it_is(value: int | str) -> None:
    assert applied({"deletionPriority": value}).server.spec.deletion_priority == value


@pytest.mark.parametrize(("result", "number"), [("42", 42), ("-7", -7), ("+3", 3), ("007", 7)])
def test_a_priority_template_becomes_a_number(result: str, number: int) -> None:
    outcome = applied({"updatePriority": "{{.Result}}"}, result=result)

    assert outcome.server.spec.update_priority == number


@pytest.mark.parametrize("result", ["high", "", " 4", "4_2", "٣", "4.0", "99999999999"])
def test_a_priority_template_that_makes_no_number_changes_nothing_and_warns(result: str) -> None:
    outcome = applied({"deletionPriority": "{{.Result}}"}, result=result)

    assert outcome.server.spec.deletion_priority == 0
    assert outcome.notices == (
        Notice(
            "InvalidDeletionPriority",
            f"Failed to parse DeletionPriority template '{{{{.Result}}}}' with result '{result}': "
            f'"{result}" is no whole number of 32 bits',
            warning=True,
        ),
    )


def test_a_priority_template_with_a_mistake_warns() -> None:
    outcome = applied({"updatePriority": "{{.InvalidField}}"})

    [notice] = outcome.notices
    assert outcome.server.spec.update_priority == 0
    assert notice.reason == "InvalidUpdatePriority"
    assert notice.message.startswith(
        "Failed to parse UpdatePriority template '{{.InvalidField}}' with result '42': "
    )


def test_texts_are_rendered_and_keys_are_not() -> None:
    server = a_server({"metadata": {"name": "xxx-0", "labels": {"kept": "yes"}}})
    outcome = applied(
        {
            "opsState": "players-{{.Result}}",
            "labels": {"players": "{{.Result}}"},
            "annotations": {"note": "there are {{.Result}}"},
        },
        server=server,
    )

    assert outcome.server.spec.ops_state == "players-42"
    assert outcome.server.metadata.labels == {"kept": "yes", "players": "42"}
    assert outcome.server.metadata.annotations == {"note": "there are 42"}
    assert outcome.notices == ()


@pytest.mark.parametrize(
    ("template", "result", "ops_state"),
    [
        ("{{.Result}}", "42", "42"),
        ("player-count-{{.Result}}", "42", "player-count-42"),
        ('{{if gt .Result "40"}}high-load{{else}}normal{{end}}', "42", "high-load"),
        ('{{if gt .Result "40"}}high-load{{else}}normal{{end}}', "7", "normal"),
        ('{{if gt .Result "abc"}}after{{end}}', "xyz", "after"),
    ],
)
def test_a_state_may_be_a_template(template: str, result: str, ops_state: str) -> None:
    assert applied({"opsState": template}, result=result).server.spec.ops_state == ops_state


def test_a_priority_template_may_decide() -> None:
    template = '{{if eq .Result "0"}}1{{else}}100{{end}}'

    assert applied({"updatePriority": template}, result="0").server.spec.update_priority == 1
    assert applied({"updatePriority": template}, result="3").server.spec.update_priority == 100


def test_raw_text_survives_a_template_with_a_mistake() -> None:
    outcome = applied({"annotations": {"note": "{{.InvalidField}}"}})

    [notice] = outcome.notices
    assert outcome.server.metadata.annotations == {"note": "{{.InvalidField}}"}
    assert (notice.reason, notice.warning) == ("InvalidTemplate", True)
    assert notice.message.startswith('service quality "players", annotations[note]: ')


def test_an_action_that_changes_nothing_returns_the_very_same_server() -> None:
    server = a_server({"metadata": {"labels": {"players": "42"}}})

    outcome = applied({"opsState": "None", "labels": {"players": "{{.Result}}"}}, server=server)

    assert outcome.server is server


def test_what_cannot_be_a_label_is_left_out_and_the_rest_is_done() -> None:
    outcome = applied(
        {"opsState": "{{.Result}}", "labels": {"a": "{{.Result}}", "b": "ok"}, "updatePriority": 5},
        result="in use",
    )

    assert outcome.server.spec.ops_state == "None"
    assert outcome.server.spec.update_priority == 5
    assert outcome.server.metadata.labels == {"b": "ok"}
    told = '"in use" cannot be the value of a label, which is left out'
    assert [notice.message for notice in outcome.notices] == [
        f'service quality "players", opsState: {told}',
        f'service quality "players", labels[a]: {told}',
    ]
    assert {notice.reason for notice in outcome.notices} == {"InvalidLabelValue"}


def test_what_cannot_be_a_key_is_left_out() -> None:
    outcome = applied({"labels": {"two words": "x"}, "annotations": {"a/b/c": "y", "d": "z"}})

    assert outcome.server.metadata.labels == {}
    assert outcome.server.metadata.annotations == {"d": "z"}
    assert [notice.reason for notice in outcome.notices] == ["InvalidKey", "InvalidKey"]


RESOURCES = {"limits": {"cpu": "1"}}


def test_containers_are_merged_by_name() -> None:
    server = a_server(
        {
            "spec": {
                "containers": [
                    {"name": "game", "image": "game:1", "resources": RESOURCES},
                    {"name": "sidecar", "image": "sidecar:1"},
                ]
            }
        }
    )
    outcome = applied(
        {
            "containers": [
                {"name": "game", "image": "game:{{.Result}}"},
                {"name": "sidecar", "resources": RESOURCES},
                {"name": "extra", "resources": RESOURCES},
            ]
        },
        server=server,
    )

    containers = outcome.server.spec.containers
    assert [(c.name, c.image) for c in containers] == [
        ("game", "game:42"),
        ("sidecar", "sidecar:1"),
        ("extra", ""),
    ]
    assert [c.resources is not None for c in containers] == [True, True, True]


@pytest.mark.parametrize("image", ["game:{{.Result}}", "{{.InvalidField}}"])
def test_what_cannot_be_an_image_is_left_out(image: str) -> None:
    outcome = applied({"containers": [{"name": "game", "image": image}]}, result="1 2")

    assert [container.image for container in outcome.server.spec.containers] == [""]
    assert outcome.notices[-1].reason == "InvalidImage"


def test_an_annotation_may_have_capitals_in_its_prefix_and_a_label_may_not() -> None:
    texts = {"MyCompany.com/Team": "red"}

    outcome = applied({"labels": texts, "annotations": texts})

    assert outcome.server.metadata.annotations == texts
    assert outcome.server.metadata.labels == {}
    [notice] = outcome.notices
    assert notice.message == (
        'service quality "players", labels: "MyCompany.com/Team" is no key of the form name or '
        "prefix/name and is left out"
    )


def test_an_action_does_not_touch_what_belongs_to_the_controllers() -> None:
    own = {"game.kruise.io/owner-gss": "xxx"}
    server = a_server({"metadata": {"name": "xxx-0", "labels": own}})

    outcome = applied(
        {
            "labels": {
                "game.kruise.io/owner-gss": "other",
                "game.kruise.io/gs-deleting": "true",
                "game.kruise.io/mine": "a",
            },
            "annotations": {"game.kruise.io/network-conf": "[]"},
        },
        server=server,
    )

    assert outcome.server.metadata.labels == {**own, "game.kruise.io/mine": "a"}
    assert outcome.server.metadata.annotations == {}
    told = "is the controllers' own and is left out"
    assert {notice.reason for notice in outcome.notices} == {"InvalidKey"}
    assert [notice.message for notice in outcome.notices] == [
        f'service quality "players", labels: "game.kruise.io/owner-gss" {told}',
        f'service quality "players", labels: "game.kruise.io/gs-deleting" {told}',
        f'service quality "players", annotations: "game.kruise.io/network-conf" {told}',
    ]
