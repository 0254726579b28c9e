"""One row for each rule: what is written, and what is said of it."""

from typing import Any

import pytest

from okg.workload.validation import Verdict
from unit.workload.set_manifests import actions, judge, pod, quality, rolling, template

LABEL = 'write at most 63 letters, digits, "-", "_" or ".", with a letter or digit at both ends'
DNS = 'write at most 63 small letters, digits or "-", with a letter or digit at both ends'
LIMIT = 'write an integer of at least 1 or a percentage such as "20%"'
CONDITION = f"{LABEL}: it becomes a condition of the pod"
HANDLER = "write exec, httpGet or tcpSocket"
LONG = "x" * 70


@pytest.mark.parametrize(
    ("spec", "refusal"),
    [
        ({"replicas": 1_000_001}, "replicas: 1000001 is too many; write at most 1000000"),
        (
            {"reserveGameServerIds": ["5"]},
            'reserveGameServerIds[0]: "5" is neither an integer nor a range such as "3-6"',
        ),
        (
            {"reserveGameServerIds": [1, "9-2"]},
            'reserveGameServerIds[1]: "9-2" ends before it starts; write "2-9"',
        ),
        (
            {"reserveGameServerIds": [-1]},
            "reserveGameServerIds[0]: -1 is negative; an id is 0 or greater",
        ),
        (
            {"reserveGameServerIds": [2**31]},
            "reserveGameServerIds[0]: 2147483648 is too large; the last possible id is 2147483647",
        ),
        (
            {"reserveGameServerIds": ["9" * 5000 + "-1"]},
            (
                f'reserveGameServerIds[0]: "{"9" * 40}…" is neither an integer nor a range such as '
                '"3-6"'
            ),
        ),
        (
            {"reserveGameServerIds": ["0-99999", 100_000]},
            "reserveGameServerIds[1]: more than 100000 ids in all",
        ),
        (
            {"network": {}},
            (
                "network.networkType: network type is required; write one of "
                "[Kubernetes-HostPort Kubernetes-NodePort]"
            ),
        ),
        (
            {"network": {"networkType": "Hostport"}},
            (
                'network.networkType: "Hostport" is unknown: network type must be one of '
                "[Kubernetes-HostPort Kubernetes-NodePort]"
            ),
        ),
        (
            {"scaleStrategy": {"maxUnavailable": 0}},
            f"scaleStrategy.maxUnavailable: 0 is too small; {LIMIT}",
        ),
        (
            {"scaleStrategy": {"maxUnavailable": "150%"}},
            'scaleStrategy.maxUnavailable: "150%" is more than there is; write at most "100%"',
        ),
        (
            rolling(maxUnavailable="00%"),
            f'updateStrategy.rollingUpdate.maxUnavailable: "00%" is too small; {LIMIT}',
        ),
        (
            rolling(maxUnavailable=2**31),
            f"updateStrategy.rollingUpdate.maxUnavailable: 2147483648 is too large; {LIMIT}",
        ),
        (
            rolling(maxUnavailable=-1),
            f"updateStrategy.rollingUpdate.maxUnavailable: -1 is too small; {LIMIT}",
        ),
        (
            rolling(maxUnavailable="5"),
            (
                'updateStrategy.rollingUpdate.maxUnavailable: "5" is neither an integer nor a '
                f"percentage; {LIMIT}"
            ),
        ),
        (
            rolling(maxUnavailable="abc"),
            (
                'updateStrategy.rollingUpdate.maxUnavailable: "abc" is neither an integer nor a '
                f"percentage; {LIMIT}"
            ),
        ),
        (
            rolling(maxUnavailable="101%"),
            (
                'updateStrategy.rollingUpdate.maxUnavailable: "101%" is more than there is; write '
                'at most "100%"'
            ),
        ),
        (
            rolling(partition=-1),
            "updateStrategy.rollingUpdate.partition: -1 is negative; write 0 or more",
        ),
        (
            rolling(minReadySeconds=301),
            "updateStrategy.rollingUpdate.minReadySeconds: 301 is out of range; write 0 to 300",
        ),
        (
            rolling(minReadySeconds=-1),
            "updateStrategy.rollingUpdate.minReadySeconds: -1 is out of range; write 0 to 300",
        ),
        (
            rolling(podUpdatePolicy="InPlace"),
            (
                'updateStrategy.rollingUpdate.podUpdatePolicy: "InPlace" is unknown; write '
                '"ReCreate", "InPlaceIfPossible" or "InPlaceOnly"'
            ),
        ),
        (
            {"updateStrategy": {"type": "Recreate"}},
            'updateStrategy.type: "Recreate" is unknown; write "RollingUpdate" or "OnDelete"',
        ),
        (
            {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Keep"}},
            (
                'persistentVolumeClaimRetentionPolicy.whenDeleted: "Keep" is unknown; write '
                '"Retain" or "Delete"'
            ),
        ),
        (
            {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "delete"}},
            (
                'persistentVolumeClaimRetentionPolicy.whenScaled: "delete" is unknown; write '
                '"Retain" or "Delete"'
            ),
        ),
        (
            {"serviceName": "Lobby.games"},
            f'serviceName: "Lobby.games" cannot be part of a host name; {DNS}',
        ),
        (
            template(spec={}),
            "gameServerTemplate.spec.containers: must list at least one container",
        ),
        (
            pod(containers=[{"name": "a"}, {"name": "b"}, {"name": "a"}]),
            (
                'gameServerTemplate.spec.containers[2].name: "a" is the name in '
                "spec.gameServerTemplate.spec.containers[0].name already; write another"
            ),
        ),
        (
            pod(initContainers=[{"name": "game"}]),
            (
                'gameServerTemplate.spec.initContainers[0].name: "game" is the name in '
                "spec.gameServerTemplate.spec.containers[0].name already; write another"
            ),
        ),
        (
            pod(containers=[{"name": "Game_1"}]),
            f'gameServerTemplate.spec.containers[0].name: "Game_1" cannot be a name; {DNS}',
        ),
        (
            pod(restartPolicy="Never"),
            (
                'gameServerTemplate.spec.restartPolicy: "Never" is not possible; write "Always" or '
                "leave it out"
            ),
        ),
        (
            pod(activeDeadlineSeconds=5),
            (
                "gameServerTemplate.spec.activeDeadlineSeconds: game servers have no deadline; "
                "leave it out"
            ),
        ),
        (
            template(metadata={"labels": {"a": "b c"}}),
            f'gameServerTemplate.metadata.labels[a]: "b c" is no label value; {LABEL}',
        ),
        (
            template(metadata={"annotations": {"a b": "c"}}),
            (
                "gameServerTemplate.metadata.annotations[a b]: is no key of the form name or "
                "prefix/name"
            ),
        ),
        (
            template(volumeClaimTemplates=[{"spec": {}}]),
            "gameServerTemplate.volumeClaimTemplates[0].metadata.name: is required",
        ),
        (
            template(
                volumeClaimTemplates=[{"metadata": {"name": "a"}}, {"metadata": {"name": "a"}}]
            ),
            (
                'gameServerTemplate.volumeClaimTemplates[1].metadata.name: "a" is the name in '
                "spec.gameServerTemplate.volumeClaimTemplates[0].metadata.name already; write "
                "another"
            ),
        ),
        (
            quality(containerName="lobby"),
            (
                'serviceQualities[0].containerName: "lobby" is no container of '
                "spec.gameServerTemplate; write the name of one"
            ),
        ),
        (
            quality(containerName=None),
            "serviceQualities[0].containerName: is required; write which to probe",
        ),
        (quality(name=""), f"serviceQualities[0].name: is required; {CONDITION}"),
        (quality(name="a#b"), f'serviceQualities[0].name: "a#b" cannot be a name; {CONDITION}'),
        (
            quality(name=LONG),
            f'serviceQualities[0].name: "{LONG[:40]}…" cannot be a name; {CONDITION}',
        ),
        (
            quality(name="Ready"),
            'serviceQualities[0].name: "Ready" is a condition of every pod; write another name',
        ),
        (
            {"serviceQualities": quality()["serviceQualities"] * 2},
            (
                'serviceQualities[1].name: "idle" is the name in spec.serviceQualities[0].name '
                "already; write another"
            ),
        ),
        (
            quality(exec=None),
            f"serviceQualities[0]: no handler says how to probe; {HANDLER}",
        ),
        (
            quality(tcpSocket={"port": 80}),
            "serviceQualities[0]: exec, tcpSocket exclude each other; keep one of them",
        ),
        (
            quality(exec=None, grpc={"port": 80}),
            f"serviceQualities[0].grpc: OpenKruise does not run it; {HANDLER}",
        ),
        (
            quality(exec={}),
            "serviceQualities[0].exec.command: is required; write what to run",
        ),
        (
            quality(exec={"command": "true"}),
            'serviceQualities[0].exec.command: must be a list, not "true"',
        ),
        (
            quality(exec=None, tcpSocket={"port": 80, "host": "h"}),
            'serviceQualities[0].tcpSocket.host: "h" is not possible; leave it out',
        ),
        (
            quality(periodSeconds=-3),
            "serviceQualities[0].periodSeconds: -3 is negative; write 0 or more",
        ),
        (
            actions({"deletionPriority": -1}),
            (
                'serviceQualities[0].serviceQualityAction[0].deletionPriority: "-1" cannot be a '
                f"label; {LABEL}"
            ),
        ),
        (
            actions({}, {"opsState": "two words"}),
            (
                'serviceQualities[0].serviceQualityAction[1].opsState: "two words" cannot be a '
                f"label; {LABEL}"
            ),
        ),
        (
            actions({"labels": {"a": "b c"}}),
            (
                'serviceQualities[0].serviceQualityAction[0].labels[a]: "b c" cannot be a label; '
                f"{LABEL}"
            ),
        ),
        (
            actions({"annotations": {"a b": "c d"}}),
            (
                "serviceQualities[0].serviceQualityAction[0].annotations[a b]: is no key of the "
                "form name or prefix/name"
            ),
        ),
        (
            actions({"labels": {"MyCompany.com/Team": "red"}}),
            (
                "serviceQualities[0].serviceQualityAction[0].labels[MyCompany.com/Team]: is no key "
                "of the form name or prefix/name"
            ),
        ),
        (
            actions({"labels": {"game.kruise.io/owner-gss": "other"}}),
            (
                "serviceQualities[0].serviceQualityAction[0].labels[game.kruise.io/owner-gss]: is "
                "set by the controllers alone; leave it out"
            ),
        ),
        (
            actions({"annotations": {"game.kruise.io/network-type": "other"}}),
            (
                "serviceQualities[0].serviceQualityAction[0].annotations"
                "[game.kruise.io/network-type]: is set by the controllers alone; leave it out"
            ),
        ),
        (
            template(metadata={"labels": {"MyCompany.com/Team": "red"}}),
            (
                "gameServerTemplate.metadata.labels[MyCompany.com/Team]: is no key of the form "
                "name or prefix/name"
            ),
        ),
    ],
)
def test_a_mistake_is_refused_and_tolerated_where_it_is_stored(
    spec: dict[str, Any], refusal: str
) -> None:
    assert judge(spec) == Verdict(refusal=f"spec.{refusal}")
    assert judge(spec, {}) == Verdict(refusal=f"spec.{refusal}")
    assert judge({**spec, "lifecycle": {}}, spec) == Verdict(warnings=(f"spec.{refusal}",))


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        (
            {"reserveGameServerIds": [1, "3-6", 5]},
            "reserveGameServerIds[2]: 5 is listed already; once is enough",
        ),
        (
            {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {}}},
            (
                'updateStrategy.type: "OnDelete" is ignored because rollingUpdate is set; remove '
                'rollingUpdate, or write "RollingUpdate"'
            ),
        ),
        (
            template(reclaimPolicy="Never"),
            (
                'gameServerTemplate.reclaimPolicy: "Never" is unknown, so GameServers stay until '
                'the set goes; write "Cascade" or "Delete"'
            ),
        ),
        (
            {"scaleStrategy": {"scaleDownStrategyType": "reserve"}},
            (
                'scaleStrategy.scaleDownStrategyType: "reserve" is unknown and read as "General"; '
                'write "General" or "ReserveIds"'
            ),
        ),
        (
            {"serviceQualities": []},
            "serviceQualities: an empty list is read as none; leave it out",
        ),
        (
            quality(exec=None, httpGet={"port": 80}),
            (
                "serviceQualities[0].httpGet: OpenKruise before release 1.9 refuses this handler; "
                "write exec or tcpSocket unless yours is newer"
            ),
        ),
        (
            actions({"result": "7", "opsState": "A"}, {"result": "7", "opsState": "B"}),
            (
                'serviceQualities[0].serviceQualityAction[1].opsState: "B" replaces "A" of '
                "spec.serviceQualities[0].serviceQualityAction[0], which is for the same state and "
                "result; keep one of them"
            ),
        ),
        (
            actions({"networkDisabled": True}, {"networkDisabled": False}),
            (
                'serviceQualities[0].serviceQualityAction[1].networkDisabled: "false" replaces '
                '"true" of spec.serviceQualities[0].serviceQualityAction[0], which is for the same '
                "state and result; keep one of them"
            ),
        ),
        (
            actions({"annotations": {"a": "1"}}, {"annotations": {"a": "2"}}),
            (
                'serviceQualities[0].serviceQualityAction[1].annotations[a]: "2" replaces "1" of '
                "spec.serviceQualities[0].serviceQualityAction[0], which is for the same state and "
                "result; keep one of them"
            ),
        ),
        (
            template(metadata={"labels": {"game.kruise.io/owner-gss": "other"}}),
            (
                'gameServerTemplate.metadata.labels[game.kruise.io/owner-gss]: "other" is replaced '
                'by "xxx", the name of the set; leave the label out'
            ),
        ),
        (
            template(metadata={"labels": {"game.kruise.io/gs-opsState": "Kill"}}),
            (
                'gameServerTemplate.metadata.labels[game.kruise.io/gs-opsState]: "Kill" is '
                "overwritten by the controllers; leave the label out"
            ),
        ),
    ],
)
def test_what_does_no_harm_is_told_and_stored(spec: dict[str, Any], warning: str) -> None:
    assert judge(spec) == Verdict(warnings=(f"spec.{warning}",))
    assert judge(spec, {}) == Verdict(warnings=(f"spec.{warning}",))


@pytest.mark.parametrize(
    "spec",
    [
        template(metadata={"annotations": {"MyCompany.com/Team": "red"}}),
        actions({"annotations": {"MyCompany.com/Team": "red"}}),
    ],
)
def test_annotations_may_have_capitals_in_their_prefix(spec: dict[str, Any]) -> None:
    assert judge(spec) == Verdict()
