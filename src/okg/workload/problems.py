"""Problems: what in a set cannot be acted on, and what is still done about the rest."""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from okg.api.game import GameServerSet, GameServerSetSpec
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.action_rules import action_problems
from okg.workload.invalid import MOST_TOLD, InvalidField, attempt
from okg.workload.name_rules import name_problems
from okg.workload.network_rules import Networks, network_obstacles
from okg.workload.ordinals import MAX_WITHHELD, ordinal_problems
from okg.workload.probe_rules import QUALITIES, container_name_problems, probe_problems
from okg.workload.scaling import RESERVE_FIELD, WORKLOAD_RESERVE_FIELD, check_size, spec_of
from okg.workload.template import read_container_names
from okg.workload.template_rules import template_problems
from okg.workload.update_rules import scale_problems, update_problems


class Problems(msgspec.Struct, frozen=True):
    """What a user has to change.

    Attributes:
        size: keeps the set from being scaled.
        template: keeps its pods from being made anew.
        qualities: keeps its pods from being probed.
        others: keeps something from working, and nothing from being done.
    """

    size: tuple[InvalidField, ...] = ()
    template: tuple[InvalidField, ...] = ()
    qualities: tuple[InvalidField, ...] = ()
    others: tuple[InvalidField, ...] = ()

    @property
    def blocking(self) -> tuple[InvalidField, ...]:
        """Everything that keeps a new set from being begun."""
        # A problem of the scale strategy stands in the way of both size and template.
        return tuple(dict.fromkeys(self.size + self.template + self.qualities))

    @property
    def all(self) -> tuple[InvalidField, ...]:
        """Everything that has to be changed."""
        return self.blocking + self.others

    @property
    def told(self) -> tuple[InvalidField, ...]:
        """As many of them as a condition can hold."""
        return self.all[:MOST_TOLD]

    def with_other(self, problem: InvalidField | None) -> "Problems":
        """Return these and one that keeps nothing from being done; the very same for None."""
        return self if problem is None else replace(self, others=(*self.others, problem))

    def with_refusal(self, message: str) -> "Problems":
        """Return these and what OpenKruise or the API server does not take, in its own words."""
        return self.with_other(InvalidField("the workload", message))

    def with_refused_probes(self, message: str) -> "Problems":
        """Return these and why the cluster does not take the probes."""
        return replace(self, qualities=(*self.qualities, InvalidField(QUALITIES, message)))


def find_problems(
    gss: GameServerSet, workload: AdvancedStatefulSet | None, networks: Networks | None = None
) -> Problems:
    """Return what is wrong with a set.

    Args:
        gss: the set.
        workload: of the set, where somebody may have edited it by hand.
        networks: which there are; None where that is not known.
    """
    spec = spec_of(gss)
    scale = tuple(scale_problems(spec.scale_strategy))
    reserved = workload.spec.reserve_ordinals if workload is not None else ()
    return Problems(
        size=(
            *_size_problems(gss),
            *ordinal_problems(spec.reserve_game_server_ids, RESERVE_FIELD),
            *ordinal_problems(reserved, WORKLOAD_RESERVE_FIELD, limit=MAX_WITHHELD),
            *scale,
        ),
        template=(
            *(name_problems(gss) if workload is None else ()),
            *template_problems(spec.game_server_template),
            *update_problems(spec),
            *scale,
        ),
        qualities=tuple(probe_problems(spec.service_qualities or ())),
        others=(
            *_missing_containers(spec),
            *action_problems(spec.service_qualities or ()),
            *network_obstacles(gss, networks),
        ),
    )


def _size_problems(gss: GameServerSet) -> Iterator[InvalidField]:
    size = attempt(check_size, gss)
    if size is not None:
        yield size


def _missing_containers(spec: GameServerSetSpec) -> Iterator[InvalidField]:
    names = attempt(read_container_names, spec.game_server_template)
    if not isinstance(names, InvalidField):
        yield from container_name_problems(spec.service_qualities or (), names)
