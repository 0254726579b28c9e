"""Plan: what a changed set would do to its servers.

What the reconciler would write is computed with the functions it uses itself, and compared with
what there is.
"""

from collections.abc import Iterator, Sequence

import msgspec

from okg.api.core import Pod
from okg.api.game import GameServer, GameServerSet
from okg.api.kruise import AdvancedStatefulSet, Lifecycle
from okg.workload.changes import as_json, changes_of
from okg.workload.hooks import is_hooked
from okg.workload.names import DELETION_PRIORITY, LIFECYCLE_STATE, OPS_STATE, PREPARING_DELETE
from okg.workload.ordinals import belongs_to, ordinal_of
from okg.workload.plan_notes import notes_of
from okg.workload.plan_sizes import ids_of, play_sizes
from okg.workload.plan_updates import Action, Templates, plan_updates
from okg.workload.pod_sync import follows_defaults
from okg.workload.priorities import in_deletion_order
from okg.workload.problems import Problems, find_problems
from okg.workload.rolling_rules import Rules
from okg.workload.scaling import read_explicit, spec_of
from okg.workload.statefulset import (
    build_statefulset,
    needs_update,
    update_statefulset,
    update_strategy,
)
from okg.workload.update_order import unavailable_limit
from okg.workload.validation import Verdict, validate_set


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """What happens to one server.

    Attributes:
        id: its ordinal.
        action: what is done; ``keep`` leaves a server on an older template.
        batch: which steps of an action happen together, from 1; 0 for never.
        reason: why this server, or why then.
        loses_settings: whether what somebody set on its GameServer is gone afterwards.
        held: whether a hook holds it back until somebody releases it.
    """

    id: int
    action: Action
    batch: int
    reason: str
    loses_settings: bool = False
    held: bool = False


class LiveSet(msgspec.Struct, frozen=True):
    """What there is of a set.

    Attributes:
        gss: as it is stored, None if it is new.
        workload: its workload, None if it has none.
        pods: all pods that carry its label.
        servers: its game servers.
        native: whether the manager makes the pods of the workload and not OpenKruise.
    """

    gss: GameServerSet | None = None
    workload: AdvancedStatefulSet | None = None
    pods: Sequence[Pod] = ()
    servers: Sequence[GameServer] = ()
    native: bool = False


class SetPlan(msgspec.Struct, frozen=True, rename="camel"):
    """What applying a set would do.

    Attributes:
        namespace: where.
        name: of the set.
        refusal: why the API server does not take it, empty if it does; nothing happens then.
        problems: what of it cannot be acted on.
        changes: what is changed in the spec.
        steps: what happens to the servers, in order.
        notes: what else there is to know.
    """

    namespace: str
    name: str
    refusal: str = ""
    problems: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether any server goes, comes or changes."""
        return any(step.action is not Action.KEEP for step in self.steps)


def plan_set(new: GameServerSet, live: LiveSet, templates: Templates | None) -> SetPlan:
    """Return what happens when a set is stored.

    Args:
        new: the set as the API server would store it.
        live: what there is.
        templates: what pods are compared by, None if they cannot get another.
    """
    if live.gss is not None and live.gss.metadata.deletion_timestamp is not None:
        return SetPlan(
            namespace=new.metadata.namespace,
            name=new.metadata.name,
            notes=("the set is being deleted, and its servers with it",),
        )
    problems = find_problems(new, live.workload)
    verdict = validate_set(new, live.gss, None)
    end, workload = _play(new, live, problems)
    updates = not problems.template and (live.workload is None or needs_update(live.workload, new))
    if workload is None:
        steps: list[Step] = []
    else:
        after = update_statefulset(workload, new) if updates else workload
        fleet = _Fleet(live, after, frozen=bool(problems.size))
        steps = [*_departures(new, fleet), *_arrivals(new, fleet)]
        if templates is not None and not problems.template:
            steps += _updates(new, fleet, templates)
    told = tuple(_told(problems, verdict))
    return SetPlan(
        namespace=new.metadata.namespace,
        name=new.metadata.name,
        problems=told,
        changes=_spec_changes(new, live.gss),
        steps=tuple(steps),
        notes=(
            *(warning for warning in verdict.warnings if warning not in told),
            *notes_of(new, live.gss, end, updates=updates),
        ),
    )


def _told(problems: Problems, verdict: Verdict) -> Iterator[str]:
    """Yield what is wrong, each problem once; admission tells those that are new in one text."""
    told = (str(problem) for problem in problems.told)
    yield from (problem for problem in told if problem not in verdict.refusal)
    if verdict.refusal:
        yield f"refused where the validating webhook is in use: {verdict.refusal}"


def _play(
    new: GameServerSet, live: LiveSet, problems: Problems
) -> tuple[GameServerSet, AdvancedStatefulSet | None]:
    """Return set and workload as they would be; no workload where none can be made."""
    if live.workload is None:
        return new, None if problems.blocking else build_statefulset(new)
    if problems.size:
        return new, live.workload
    members = [pod for pod in live.pods if belongs_to(pod.metadata.name, new.metadata.name)]
    return play_sizes(new, live.workload, members)


def _spec_changes(new: GameServerSet, old: GameServerSet | None) -> tuple[str, ...]:
    if old is None:
        return ()
    changes = changes_of(as_json(old.spec), as_json(new.spec), ("spec",))
    return tuple(str(change) for change in changes)


class _Fleet:
    """The servers of a set, and which of them shall be.

    Args:
        live: what there is.
        workload: as it would be.
        frozen: whether none may go or come, because the ids cannot be read.
    """

    def __init__(self, live: LiveSet, workload: AdvancedStatefulSet, *, frozen: bool) -> None:
        name = workload.metadata.name
        members = [pod for pod in live.pods if belongs_to(pod.metadata.name, name)]
        self.is_new = live.workload is None
        self.living = {_id(pod): pod for pod in members if not pod.metadata.deletion_timestamp}
        self.wanted = self.living.keys() if frozen else ids_of(workload)
        self.terminating = {_id(pod) for pod in members} - self.living.keys()
        self._before = _lifecycle(live.workload or workload)
        self._after = _lifecycle(workload)
        self.servers = {server.metadata.name: server for server in live.servers}

    def step(self, pod: Pod, action: Action, batch: int, reason: str) -> Step:
        """Return a step of a server that is there."""
        server = self.servers.get(pod.metadata.name)
        loses = server is not None and not follows_defaults(server) and _goes(server, action)
        return Step(_id(pod), action, batch, reason, loses, self._is_held(pod, action))

    def _is_held(self, pod: Pod, action: Action) -> bool:
        # Servers go before the template is updated, and the hooks come with the template.
        hooks = {
            Action.GO: self._before.pre_delete,
            Action.RECREATE: self._after.pre_delete,
            Action.IN_PLACE: self._after.in_place_update,
        }
        return is_hooked(pod, hooks.get(action))


def _lifecycle(workload: AdvancedStatefulSet) -> Lifecycle:
    return workload.spec.lifecycle or Lifecycle()


def _goes(server: GameServer, action: Action) -> bool:
    """Whether a server object goes with its pod, as the one that owns it says."""
    owner = server.metadata.controller
    with_pod = owner is not None and owner.kind == Pod.resource_type.kind
    return action is Action.GO or (action is Action.RECREATE and with_pod)


def _departures(new: GameServerSet, fleet: _Fleet) -> Iterator[Step]:
    going = [
        pod
        for id_, pod in fleet.living.items()
        if id_ not in fleet.wanted and pod.metadata.labels.get(LIFECYCLE_STATE) != PREPARING_DELETE
    ]
    explicit = read_explicit(new) if going else frozenset[int]()
    reserved = [pod for pod in in_deletion_order(going) if _id(pod) in explicit]
    chosen = [pod for pod in in_deletion_order(going) if _id(pod) not in explicit]
    for pod in reserved:
        yield fleet.step(pod, Action.GO, 1, "its id is reserved")
    for pod in chosen:
        yield fleet.step(pod, Action.GO, 1, _preference(pod))


def _preference(pod: Pod) -> str:
    """Return why a pod is among the first to go."""
    labels = pod.metadata.labels
    ops_state, priority = labels.get(OPS_STATE, ""), labels.get(DELETION_PRIORITY, "")
    reasons = [
        *([f"opsState {ops_state}"] if ops_state not in {"", "None"} else []),
        *([f"deletionPriority {priority}"] if priority not in {"", "0"} else []),
    ]
    return ", ".join(reasons) or "highest id"


def _arrivals(new: GameServerSet, fleet: _Fleet) -> Iterator[Step]:
    limit = spec_of(new).scale_strategy.max_unavailable
    coming = sorted(fleet.wanted - fleet.living.keys())
    at_once = len(coming) if limit is None else unavailable_limit(limit, len(fleet.wanted))
    for position, id_ in enumerate(coming):
        reason = "lowest free id"
        if fleet.is_new:
            reason = "the set is new"
        elif id_ in fleet.terminating:
            reason = "its old pod is going"
        yield Step(id_, Action.COME, 1 + position // at_once, reason)


def _updates(new: GameServerSet, fleet: _Fleet, templates: Templates) -> Iterator[Step]:
    staying = [pod for id_, pod in fleet.living.items() if id_ in fleet.wanted]
    rules = Rules.of(update_strategy(spec_of(new)), len(fleet.wanted))
    absent = len(fleet.wanted - fleet.living.keys())
    for update in plan_updates(staying, rules, templates, absent=absent):
        yield fleet.step(update.pod, update.action, update.batch, update.reason)


def _id(pod: Pod) -> int:
    return ordinal_of(pod.metadata.name)
