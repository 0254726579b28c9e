"""Ordinals: the integers after the last dash of pod names, and the sets that users write of them.

The wire form of a set is ascending; a run of three or more ids is the text ``"a-b"``, anything
shorter is written as integers. That form is OpenKruise's from release 1.8 on.
"""

import re
from collections.abc import Iterable, Iterator, Sequence, Set as AbstractSet
from itertools import count, groupby, islice

from okg.api.meta import IntOrString
from okg.workload.invalid import InvalidField, shown

MAX_RESERVED = 100_000
"""Most ids a user's list may stand for: a range is one short text, and each id of it takes memory
and time on every pass."""

MAX_WITHHELD = 3_000_000
"""Most ids a workload's list may stand for: all that users and we together ever put there."""

MAX_ORDINAL = 2**31 - 1
"""Largest id: OpenKruise reads ids as 32-bit integers and refuses whole objects otherwise."""

# Bounded, because Python converts no digits without end.
_RANGE = re.compile(r"\s*(\d{1,20})\s*-\s*(\d{1,20})\s*", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_SHORTEST_RANGE = 3


def ordinal_of(pod_name: str) -> int:
    """Return the number after the last dash of a name, 0 if there is none."""
    tail = pod_name.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else 0


def belongs_to(pod_name: str, set_name: str) -> bool:
    """Whether a name is the set's name, a dash and a number, as the workload controller counts."""
    head, _, tail = pod_name.rpartition("-")
    is_number = tail.isascii() and tail.isdigit()
    return head == set_name and is_number and int(tail) <= MAX_ORDINAL


def parse_ordinals(
    items: Sequence[IntOrString], field: str, *, limit: int = MAX_RESERVED
) -> frozenset[int]:
    """Return the ids that a list of integers and ranges stands for.

    Args:
        items: the list.
        field: its path, for messages.
        limit: most ids it may stand for.

    Raises:
        InvalidField: an element is neither; names it as ``field[index]``.
    """
    found: set[int] = set()
    for part in _read(items, field, limit):
        if isinstance(part, InvalidField):
            raise part
        found.update(part)
    return frozenset(found)


def ordinal_problems(
    items: Sequence[IntOrString], field: str, *, limit: int = MAX_RESERVED
) -> tuple[InvalidField, ...]:
    """Return what is wrong with the elements of such a list, each named as ``field[index]``."""
    return tuple(part for part in _read(items, field, limit) if isinstance(part, InvalidField))


def repeated_ordinal(items: Sequence[IntOrString], field: str) -> InvalidField | None:
    """Return the first element that stands for an id of an earlier one; it does no harm."""
    found: set[int] = set()
    for index, part in enumerate(_read(items, field, MAX_RESERVED)):
        if isinstance(part, InvalidField):
            continue
        again = found.intersection(part)
        if again:
            return InvalidField(
                f"{field}[{index}]", f"{min(again)} is listed already; once is enough"
            )
        found.update(part)
    return None


def parse_text(text: str) -> frozenset[int]:
    """Return the ids of a comma-joined text such as ``1-3,5``; what is not understood is skipped.

    The text is a record written by us: a damaged item costs one more scale pass, nothing else.
    """
    ids = (id_ for item in text.split(",") for id_ in _parse_text_item(item.strip()))
    return frozenset(islice(ids, MAX_WITHHELD))


def format_ordinals(ids: Iterable[int]) -> tuple[IntOrString, ...]:
    """Return the wire form of a set of ids."""
    return tuple(part for run in _runs(sorted(set(ids))) for part in _format_run(run))


def format_text(ids: Iterable[int]) -> str:
    """Return the ids as one comma-joined text, empty for none."""
    return ",".join(str(part) for part in format_ordinals(ids))


def target_ordinals(replicas: int, reserved: AbstractSet[int]) -> frozenset[int]:
    """Return the ordinals that the workload controller keeps: the first that are not reserved."""
    return frozenset(islice((i for i in count() if i not in reserved), replicas))


def _read(items: Sequence[IntOrString], field: str, limit: int) -> Iterator[range | InvalidField]:
    """Yield the ids of each element, or what is wrong with it; nothing after too many ids."""
    how_many = 0
    for index, item in enumerate(items):
        try:
            ids = _parse(item, f"{field}[{index}]")
        except InvalidField as problem:
            yield problem
            continue
        how_many += len(ids)
        if how_many > limit:
            yield InvalidField(f"{field}[{index}]", f"more than {limit} ids in all")
            return
        yield ids


def _parse(item: IntOrString, field: str) -> range:
    if isinstance(item, int):
        return _range(item, item, item, field)
    if match := _RANGE.fullmatch(item):
        return _range(int(match[1]), int(match[2]), f'"{item}"', field)
    raise InvalidField(field, f'"{shown(item)}" is neither an integer nor a range such as "3-6"')


def _range(first: int, last: int, found: IntOrString, field: str) -> range:
    if first < 0:
        raise InvalidField(field, f"{found} is negative; an id is 0 or greater")
    if first > last:
        raise InvalidField(field, f'{found} ends before it starts; write "{last}-{first}"')
    if last > MAX_ORDINAL:
        raise InvalidField(field, f"{found} is too large; the last possible id is {MAX_ORDINAL}")
    return range(first, last + 1)


def _parse_text_item(item: str) -> range:
    if _NUMBER.fullmatch(item):
        return range(int(item), int(item) + 1)
    try:
        ids = _parse(item, "")
    except InvalidField:
        return range(0)
    return ids if len(ids) <= MAX_WITHHELD else range(0)


def _runs(ids: Sequence[int]) -> Iterator[list[int]]:
    """Yield the runs of consecutive ids; neighbours in a run share ``id - position``."""
    for _, run in groupby(enumerate(ids), key=lambda pair: pair[1] - pair[0]):
        yield [id_ for _, id_ in run]


def _format_run(run: list[int]) -> Sequence[IntOrString]:
    return [f"{run[0]}-{run[-1]}"] if len(run) >= _SHORTEST_RANGE else run
