import re
from typing import Any

import msgspec
from hypothesis import given, strategies as st
from msgspec.structs import replace

from okg.workload.validation import Verdict, validate_set
from unit.fleet import a_set
from unit.workload.set_manifests import FULL, NETWORKS, judge

LONG = "x" * 70

texts = st.sampled_from(["", "a", "game", "Ready", "a b", "-1", "5", "3-6", "9-2", "50%", LONG])
numbers = st.integers(-(2**63), 2**63 - 1)
small = st.integers(-2, 400)
ids = st.lists(st.one_of(small, numbers, texts), max_size=4)
json = st.recursive(
    st.one_of(st.none(), st.booleans(), small, texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["name", "metadata", "labels", "containers", "command", "host", "image", "a b"]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)
limits = st.one_of(st.none(), numbers, small, texts)
any_action = st.fixed_dictionaries(
    {"state": st.booleans()},
    optional={
        "result": texts,
        "opsState": texts,
        "deletionPriority": st.one_of(small, texts),
        "labels": st.dictionaries(texts, texts, max_size=2),
        "annotations": st.dictionaries(texts, texts, max_size=2),
        "networkDisabled": st.booleans(),
    },
)
any_quality = st.fixed_dictionaries(
    {"name": texts, "permanent": st.booleans()},
    optional={
        "containerName": texts,
        "exec": json,
        "httpGet": json,
        "tcpSocket": json,
        "grpc": json,
        "periodSeconds": small,
        "serviceQualityAction": st.lists(any_action, max_size=3),
    },
)
specs = st.fixed_dictionaries(
    {"replicas": numbers},
    optional={
        "reserveGameServerIds": ids,
        "serviceName": texts,
        "gameServerTemplate": st.fixed_dictionaries(
            {},
            optional={
                "metadata": json,
                "spec": json,
                "volumeClaimTemplates": json,
                "reclaimPolicy": texts,
            },
        ),
        "network": st.one_of(st.none(), st.fixed_dictionaries({"networkType": texts})),
        "scaleStrategy": st.fixed_dictionaries({"maxUnavailable": limits}),
        "updateStrategy": st.fixed_dictionaries(
            {"type": texts},
            optional={
                "rollingUpdate": st.fixed_dictionaries(
                    {"maxUnavailable": limits, "partition": small, "minReadySeconds": small}
                )
            },
        ),
        "serviceQualities": st.lists(any_quality, max_size=3),
    },
)


@given(specs, specs)
def test_every_set_gets_a_verdict(spec: dict[str, Any], old: dict[str, Any]) -> None:
    verdict = judge(spec, old)

    assert all(re.match(r"(spec|metadata)[.\w\[]", text) for text in verdict.warnings)
    assert verdict.refusal == "" or verdict.refusal.startswith(("spec.", "metadata."))


@given(specs)
def test_what_is_stored_can_be_stored_again(spec: dict[str, Any]) -> None:
    assert judge(spec, spec).refusal == ""


@given(specs, st.dictionaries(st.sampled_from(["a", "b"]), st.text(max_size=5)))
def test_what_changes_is_judged_and_not_what_is_beside_it(
    spec: dict[str, Any], annotations: dict[str, str]
) -> None:
    stored = a_set(spec)
    noted = replace(stored, metadata=replace(stored.metadata, annotations=annotations))
    cured = a_set({**spec, "replicas": 1})

    assert validate_set(noted, stored, NETWORKS).refusal == ""
    assert validate_set(cured, stored, NETWORKS).refusal == ""


@given(st.integers(0, 1_000_000), st.lists(st.integers(0, 1000), unique=True))
def test_valid_sizes_stay_valid(replicas: int, reserved: list[int]) -> None:
    spec = {**FULL, "replicas": replicas, "reserveGameServerIds": reserved}

    assert judge(spec, FULL) == Verdict()
    assert judge(msgspec.json.decode(msgspec.json.encode(spec))) == Verdict()
