"""Users: what people and programs do to sets, servers and pods, one thing at a time."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import msgspec
from msgspec.structs import replace

from okg.api.apps import ControllerRevision
from okg.api.core import ConfigMap, ObjectMeta, PersistentVolumeClaim, Pod
from okg.api.drafts import PodDraft
from okg.api.game import GameServer, GameServerSet, GameServerSetSpec
from okg.client.rest import ApiClient
from okg.errors import ApiError
from okg.testing.apiserver import FakeApiServer
from okg.testing.apiserver.faults import Refuse, Rule
from okg.workload.names import (
    LIFECYCLE_STATE,
    OWNER_GSS,
    PREPARING_DELETE,
    PREPARING_UPDATE,
    UPDATED,
)
from okg.workload.native.record import record_name
from okg.workload.native.rolling import SPECIFIED_DELETE
from okg.workload.ordinals import belongs_to
from unit.walk.nodes import UNPULLABLE
from unit.walk.pod_judge import USERS

NAMESPACE = "games"
SETS = ("a", "a-1")
"""The name of one looks like that of a server of the other."""

FORBIDDEN = "forbidden"
"""What images begin with that the API server refuses."""

HOLD = "hold"
_QUOTA = Refuse(status=403, reason="Forbidden", message="exceeded quota: pods")

_PRE_DELETE = {"labelsHandler": {HOLD: "delete"}}
_IN_PLACE = {"labelsHandler": {HOLD: "update"}, "markPodNotReady": True}
_CLAIMS = [{"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}]


class Users:
    """Acts on the server as people would, past all caches.

    Args:
        server: what they act on.
        random: decides who does what.
    """

    def __init__(self, server: FakeApiServer, random: Random) -> None:
        self.api = ApiClient(server)
        self._server = server
        self._random = random
        self._quota: Rule | None = None
        self._spoilt: set[str] = set()
        self.deeds: Sequence[tuple[int, Callable[[], str]]] = (
            (8, self.scale),
            (4, self.reserve),
            (6, self.change_image),
            (2, self.change_environment),
            (2, self.change_label),
            (5, self.change_strategy),
            (3, self.change_growth),
            (3, self.change_hooks),
            (2, self.change_claims),
            (1, self.break_template),
            (10, self.mark_server),
            (4, self.rank_server),
            (4, self.delete_pod),
            (3, self.condemn_pod),
            (3, self.mark_pod),
            (4, self.release_pod),
            (1, self.take_label_away),
            (1, self.take_a_name),
            (1, self.leave_an_orphan),
            (1, self.lose_record),
            (1, self.lose_revision),
            (1, self.delete_claim),
            (1, self.turn_quota),
        )

    # What is there.

    def sets(self) -> Sequence[GameServerSet]:
        return self._server.objects(GameServerSet, NAMESPACE)

    def pods(self) -> Sequence[Pod]:
        return self._server.objects(Pod, NAMESPACE)

    def found_sets(self) -> None:
        """Make the sets."""
        for name in SETS:
            document = {"replicas": 3, "gameServerTemplate": _template("game:1")}
            self._server.put(
                GameServerSet(
                    metadata=ObjectMeta(name=name, namespace=NAMESPACE, generation=1),
                    spec=msgspec.json.decode(msgspec.json.encode(document), type=GameServerSetSpec),
                )
            )

    # What they do.

    def act(self) -> str:
        """Do one thing and return what it was."""
        deeds, weights = [deed for _, deed in self.deeds], [weight for weight, _ in self.deeds]
        deed = self._random.choices(deeds, weights)[0]
        try:
            return deed()
        except ApiError as error:
            return f"{deed.__name__}: {error}"

    def scale(self) -> str:
        return self._edit(replicas=self._random.randrange(8))

    def reserve(self) -> str:
        many = self._random.randrange(4)
        return self._edit(reserveGameServerIds=sorted(self._random.sample(range(9), many)))

    def change_image(self) -> str:
        kind = self._random.choices(["game", UNPULLABLE], [9, 1])[0]
        return self._edit_template(image=f"{kind}:{self._random.randrange(1, 5)}")

    def change_environment(self) -> str:
        return self._edit_template(mode=str(self._random.randrange(3)))

    def change_label(self) -> str:
        return self._edit_template(label=str(self._random.randrange(3)))

    def change_strategy(self) -> str:
        pick = self._random.choice
        if pick(range(8)) == 0:
            return self._edit(updateStrategy={"type": pick(["OnDelete", "RollingUpdate"])})
        rolling = {
            "podUpdatePolicy": pick(["ReCreate", "InPlaceIfPossible", "InPlaceIfPossible"]),
            "maxUnavailable": pick([1, 2, 3, "30%", "100%"]),
            "partition": pick([0, 0, 0, 1, 2, 4]),
            "paused": pick([False, False, False, True]),
            "minReadySeconds": pick([0, 0, 5, 20]),
            "inPlaceUpdateStrategy": {"gracePeriodSeconds": pick([0, 0, 10])},
        }
        if pick(range(6)) == 0:
            rolling["podUpdatePolicy"] = "InPlaceOnly"
        return self._edit(updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})

    def change_growth(self) -> str:
        pick = self._random.choice
        strategy = {
            "maxUnavailable": pick([None, None, 1, 2, "50%"]),
            "scaleDownStrategyType": pick(["General", "General", "ReserveIds"]),
        }
        return self._edit(scaleStrategy=strategy)

    def change_hooks(self) -> str:
        held = self._random.choice(["", "", "delete", "update"])
        hooks = {"preDelete": _PRE_DELETE, "inPlaceUpdate": _IN_PLACE}
        lifecycle = {key: hooks[key] for key in hooks if self._random.random() < 0.5}
        return self._edit(lifecycle=lifecycle) + "; " + self._edit_template(hold=held)

    def change_claims(self) -> str:
        pick = self._random.choice
        policy = {
            "whenDeleted": pick(["Retain", "Delete"]),
            "whenScaled": pick(["Retain", "Delete"]),
        }
        claims = pick([_CLAIMS, _CLAIMS, []])
        gss = pick(self.sets())
        template = {**_document(gss)["gameServerTemplate"], "volumeClaimTemplates": claims}
        template["reclaimPolicy"] = pick(["Cascade", "Delete"])
        return self._edit(
            gss, gameServerTemplate=template, persistentVolumeClaimRetentionPolicy=policy
        )

    def break_template(self) -> str:
        return self._edit_template(image=f"{FORBIDDEN}:1")

    def mark_server(self) -> str:
        states = ["None", "Allocated", "Maintaining", "WaitToBeDeleted", "Kill"]
        state = self._random.choices(states, [4, 4, 4, 4, 1])[0]
        return self._edit_server(opsState=state)

    def rank_server(self) -> str:
        field = self._random.choice(["updatePriority", "deletionPriority"])
        return self._edit_server(**{field: self._random.randrange(4)})

    def delete_pod(self) -> str:
        pod = self._random.choice(self.pods() or [None])
        if pod is None:
            return "no pod to delete"
        self.api.delete(pod)
        return f"delete {pod.metadata.name}"

    def condemn_pod(self) -> str:
        return self._label_pod(SPECIFIED_DELETE, "true")

    def mark_pod(self) -> str:
        """Note something on a pod that is nobody else's business."""
        return self._label_pod(f"{USERS}mark", str(self._random.randrange(9)))

    def release_pod(self) -> str:
        held = [pod for pod in self.pods() if _waits_for_us(pod)]
        return self.release(self._random.choice(held)) if held else "no pod to release"

    def take_label_away(self) -> str:
        return self._label_pod(OWNER_GSS, None)

    def take_a_name(self) -> str:
        """Make a pod of the name of a server that is none."""
        name = f"{self._random.choice(SETS)}-{self._random.randrange(8)}"
        return self._make_pod(name, {"app": "none-of-yours"})

    def leave_an_orphan(self) -> str:
        """Make a pod as it is left when a set was deleted without its servers."""
        owner = self._random.choice(SETS)
        return self._make_pod(f"{owner}-{self._random.randrange(8)}", {OWNER_GSS: owner})

    def lose_record(self) -> str:
        name = self._random.choice(SETS)
        record = self._server.get(ConfigMap, NAMESPACE, record_name(name))
        if record is not None:
            self._server.remove(record)
        return f"lose the record of {name}"

    def lose_revision(self) -> str:
        found = self._server.objects(ControllerRevision, NAMESPACE)
        if not found:
            return "no revision to lose"
        lost = self._random.choice(found)
        self._server.remove(lost)
        return f"lose revision {lost.metadata.name}"

    def delete_claim(self) -> str:
        found = self._server.objects(PersistentVolumeClaim, NAMESPACE)
        if not found:
            return "no claim to delete"
        claim = self._random.choice(found)
        self.api.delete(claim)
        return f"delete claim {claim.metadata.name}"

    def turn_quota(self) -> str:
        """Let no more pods be made, or let them be made again."""
        if self._quota is not None:
            self.lift_quota()
            return "the quota is lifted"
        self._quota = self._server.faults.inject(_QUOTA, verbs=["create"], resource="pods")
        return "a quota is in force"

    # What they do when all is to end well.

    def tidy(self) -> None:
        """Take back what keeps a set from ever being as it asks."""
        self.lift_quota()
        for gss in self.sets():
            if gss.metadata.name in self._spoilt:
                self._edit_template(gss, image="game:9")
        for gss in self.sets():
            if gss.metadata.name in self._spoilt:
                everybody = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}}
                self._edit(gss, updateStrategy=everybody, scaleStrategy={})
        self._spoilt.clear()
        for gss in self.sets():
            strategy = _document(gss).get("updateStrategy", {})
            rolling = strategy.get("rollingUpdate", {})
            if rolling.get("podUpdatePolicy") == "InPlaceOnly":
                rolling["podUpdatePolicy"] = "InPlaceIfPossible"
                self._edit(gss, updateStrategy=strategy)

    def lift_quota(self) -> None:
        if self._quota is not None:
            self._server.faults.remove(self._quota)
            self._quota = None

    def help(self) -> bool:
        """Release what waits for users, and remove what is in the way; whether there was any."""
        helped = False
        for pod in self.pods():
            manager = pod.metadata.controller
            if _waits_for_us(pod):
                self.release(pod)
                helped = True
            elif pod.metadata.labels.get(LIFECYCLE_STATE) == UPDATED and not _is_ready_for_more(
                pod
            ):
                self._label(pod, HOLD, "update")
                helped = True
            elif manager is None and not _may_be_adopted(pod):
                self._server.remove(pod)
                helped = True
        return helped

    def release(self, pod: Pod) -> str:
        labels = {key: value for key, value in pod.metadata.labels.items() if key != HOLD}
        self.api.patch(pod, replace(pod, metadata=replace(pod.metadata, labels=labels)))
        return f"release {pod.metadata.name}"

    # How they do it.

    def _edit(self, gss: GameServerSet | None = None, **spec: object) -> str:
        gss = gss or self._random.choice(self.sets())
        document = msgspec.json.encode({**_document(gss), **spec})
        wanted = msgspec.json.decode(document, type=GameServerSetSpec)
        self.api.patch(gss, replace(gss, spec=wanted))
        return f"{gss.metadata.name}: {spec}"

    def _edit_template(self, gss: GameServerSet | None = None, **parts: str) -> str:
        gss = gss or self._random.choice(self.sets())
        wanted = {**_parts(gss), **parts}
        if wanted["image"].startswith((UNPULLABLE, FORBIDDEN)):
            self._spoilt.add(gss.metadata.name)
        before = _document(gss)["gameServerTemplate"]
        self._edit(gss, gameServerTemplate={**before, **_template(**wanted)})
        return f"{gss.metadata.name}: template {parts}"

    def _edit_server(self, **spec: object) -> str:
        found = self._server.objects(GameServer, NAMESPACE)
        if not found:
            return "no server to edit"
        server = self._random.choice(found)
        document = msgspec.json.encode({**_plain(server.spec), **spec})
        wanted = msgspec.json.decode(document, type=type(server.spec))
        self.api.patch(server, replace(server, spec=wanted))
        return f"{server.metadata.name}: {spec}"

    def _label_pod(self, key: str, value: str | None) -> str:
        if not self.pods():
            return "no pod to label"
        return self._label(self._random.choice(self.pods()), key, value)

    def _label(self, pod: Pod, key: str, value: str | None) -> str:
        self._server.merge(pod, {"metadata": {"labels": {key: value}}})
        return f"label {pod.metadata.name} {key}={value}"

    def _make_pod(self, name: str, labels: Mapping[str, str]) -> str:
        spec = msgspec.json.encode(_template("game:1")["spec"])
        meta = ObjectMeta(name=name, namespace=NAMESPACE, labels=labels)
        with suppress(ApiError):
            self.api.create_from(PodDraft(metadata=meta, spec=msgspec.Raw(spec)), Pod)
        return f"make pod {name} {labels}"


def _is_ready_for_more(pod: Pod) -> bool:
    """Whether users have seen the update of a pod and have set their hook again."""
    return pod.metadata.labels.get(HOLD) == "update"


def _may_be_adopted(pod: Pod) -> bool:
    owner = pod.metadata.labels.get(OWNER_GSS, "")
    return owner in SETS and belongs_to(pod.metadata.name, owner)


def _waits_for_us(pod: Pod) -> bool:
    waiting = pod.metadata.labels.get(LIFECYCLE_STATE) in {PREPARING_DELETE, PREPARING_UPDATE}
    return waiting and HOLD in pod.metadata.labels


def _template(image: str, mode: str = "", label: str = "", hold: str = "") -> dict[str, Any]:
    labels = {"tier": label, HOLD: hold}
    return {
        "metadata": {"labels": {key: value for key, value in labels.items() if value}},
        "spec": {
            "containers": [
                {
                    "name": "game",
                    "image": image,
                    "env": [{"name": "MODE", "value": mode}] if mode else [],
                }
            ]
        },
    }


def _parts(gss: GameServerSet) -> dict[str, str]:
    template = _document(gss)["gameServerTemplate"]
    container, labels = template["spec"]["containers"][0], template["metadata"].get("labels", {})
    return {
        "image": container["image"],
        "mode": next((variable["value"] for variable in container.get("env", [])), ""),
        "label": labels.get("tier", ""),
        "hold": labels.get(HOLD, ""),
    }


def _document(gss: GameServerSet) -> dict[str, Any]:
    return _plain(gss.spec)


def _plain(value: object) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return plain
