"""A plan as people read it, and as programs do."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from okg.cmd.table import table
from okg.workload.ordinals import format_text
from okg.workload.plan import SetPlan, Step
from okg.workload.plan_updates import Action

_WORDS = {
    Action.GO: "go",
    Action.COME: "come",
    Action.IN_PLACE: "updated in place",
    Action.RECREATE: "re-created",
    Action.KEEP: "kept as they are",
}
_HEAD = ("ACTION", "IDS", "BATCH", "REASON")
_LONGEST = 100
"""Characters of a change that a line shows; the templates of a fleet are long."""


class _Report(msgspec.Struct):
    sets: Sequence[SetPlan]


def as_document(plans: Sequence[SetPlan]) -> str:
    """Return plans as a JSON document."""
    return msgspec.json.format(msgspec.json.encode(_Report(plans)), indent=2).decode() + "\n"


def as_text(plans: Iterable[SetPlan]) -> str:
    """Return plans as text."""
    return "\n".join("\n".join([*_lines(plan), ""]) for plan in plans)


def _lines(plan: SetPlan) -> Iterator[str]:
    yield f"GameServerSet {plan.namespace}/{plan.name}: {_summary(plan)}"
    if plan.refusal:
        yield f"  refused: {plan.refusal}"
    yield from (f"  problem: {problem}" for problem in plan.problems)
    yield from (f"  {_cut(change)}" for change in plan.changes)
    if plan.steps:
        yield ""
        yield from (f"  {line}" for line in table([_HEAD, *_rows(plan.steps)]))
    if plan.notes:
        yield ""
        yield from (f"  note: {note}" for note in plan.notes)


def _summary(plan: SetPlan) -> str:
    counts = {action: sum(step.action is action for step in plan.steps) for action in Action}
    words = [f"{number} {_WORDS[action]}" for action, number in counts.items() if number]
    return ", ".join(words) or "no server is touched"


def _rows(steps: Sequence[Step]) -> Iterator[tuple[str, ...]]:
    """Yield one row for each run of steps that differ in nothing but the id and the batch."""
    for (action, words), run in groupby(steps, key=lambda step: (step.action, _words(step))):
        together = list(run)
        first, last = together[0].batch, together[-1].batch
        batches = f"{first}-{last}" if first != last else str(first or "-")
        yield action, format_text(step.id for step in together), batches, words


def _words(step: Step) -> str:
    words = [
        step.reason,
        *(["a hook holds it"] if step.held else []),
        *(["its settings are lost"] if step.loses_settings else []),
    ]
    return "; ".join(words)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
