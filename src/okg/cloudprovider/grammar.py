"""Forms of network parameters, read as the Go manager reads them.

A text is read as far as it goes, and what is malformed in it is told. For a new set that is a
mistake; in what is stored already most parameters overlook it, as they always have.

Of entries with one name the last counts where one value is asked for; lists add up, unless they are
declared with ``last``.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

import msgspec
from msgspec.structs import replace

from okg.workload import go_strconv

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Texts = Sequence[str]
"""The values of all entries of one name, in order; at least one."""

_BLANK = re.compile(r"\s")
PORTS = range(1, 65536)
"""What a TCP or UDP port can be (RFC 9293, RFC 768)."""

BOTH = "TCPUDP"
"""What users write for a port that speaks TCP and UDP."""


class Malformed(ValueError):
    """A text is none of what its grammar allows."""


class Reading(msgspec.Struct, Generic[T_co], frozen=True):
    """What was understood.

    Attributes:
        value: of the parts that are well formed, the default if there are none.
        faults: the parts that are not.
    """

    value: T_co
    faults: tuple[str, ...] = ()


class Grammar(msgspec.Struct, Generic[T_co], frozen=True):
    """A form of text.

    Attributes:
        description: what to write, for users.
        default: the value where nothing is written.
        read: understands texts.
    """

    description: str
    default: T_co
    read: Callable[[Texts], Reading[T_co]]


class PortProtocol(msgspec.Struct, frozen=True, order=True):
    """A port of a container and what is spoken there.

    Attributes:
        port: its number.
        protocol: as the user wrote it; ``TCPUDP`` for both.
    """

    port: int
    protocol: str

    @property
    def spoken(self) -> "tuple[PortProtocol, ...]":
        """Return the port once for each protocol that is spoken there."""
        protocols = ("TCP", "UDP") if self.protocol == BOTH else (self.protocol,)
        return tuple(PortProtocol(self.port, protocol) for protocol in protocols)


def parse_int(text: str) -> int:
    """Return what Go's Atoi does: a sign is allowed, blanks and underscores are not.

    Raises:
        Malformed: it is no number, or none of 64 bits.
    """
    return _parsed(partial(go_strconv.parse_integer, bits=64), text)


def parse_bool(text: str) -> bool:
    """Return what Go's ParseBool does.

    Raises:
        Malformed: it is neither true nor false.
    """
    return _parsed(go_strconv.parse_bool, text)


def _parsed(parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise Malformed(text) from error


def parse_port_protocol(text: str) -> PortProtocol:
    """Return ``port/PROTOCOL``; with anything but exactly one slash it is TCP.

    Raises:
        Malformed: the port is no number.
    """
    port, *rest = text.split("/")
    return PortProtocol(parse_int(port), rest[0] if len(rest) == 1 else "TCP")


def last(grammar: Grammar[T]) -> Grammar[T]:
    """Return a grammar by which only the last entry counts, although it is a list."""

    def read(texts: Texts) -> Reading[T]:
        return grammar.read(texts[-1:])

    return replace(grammar, read=read)


def text(description: str, default: str = "") -> Grammar[str]:
    """Any text at all."""
    return Grammar(description, default, lambda texts: Reading(texts[-1]))


def texts(description: str, allowed: str = ".*") -> Grammar[tuple[str, ...]]:
    """Texts, one an entry.

    Args:
        description: of one.
        allowed: a regular expression that matches each as a whole.
    """
    expression = re.compile(allowed, re.ASCII | re.DOTALL)

    def read(given: Texts) -> Reading[tuple[str, ...]]:
        return Reading(tuple(given), tuple(it for it in given if not expression.fullmatch(it)))

    return Grammar(description, (), read)


def verbatim(grammar: Grammar[object], default: str = "") -> Grammar[str]:
    """A text that is passed on as it is, whatever is understood of it."""

    def read(texts: Texts) -> Reading[str]:
        return Reading(texts[-1], grammar.read(texts[-1:]).faults)

    return Grammar(grammar.description, default, read)


def flag(*, default: bool = False) -> Grammar[bool]:
    """True or false, in the words of Go."""
    return one("true or false", default, parse_bool)


def integer(allowed: range, default: int) -> Grammar[int]:
    """A number within bounds."""
    return one(_between(allowed), default, partial(_parse_within, allowed))


def digits(allowed: range, default: str) -> Grammar[str]:
    """A number within bounds that is kept as it is written."""

    def parse(text: str) -> str:
        _parse_within(allowed, text)
        return text

    return one(_between(allowed), default, parse)


def choice(options: Sequence[str], default: str) -> Grammar[str]:
    """One of some words, in whatever case it is written."""
    known = {option.lower(): option for option in options}

    def parse(text: str) -> str:
        if text.lower() not in known:
            raise Malformed(text)
        return known[text.lower()]

    return one(_either(options), default, parse)


def matching(pattern: str, description: str) -> Grammar[str]:
    """A text that a regular expression matches as a whole."""
    expression = re.compile(pattern, re.ASCII)

    def parse(text: str) -> str:
        if not expression.fullmatch(text):
            raise Malformed(text)
        return text

    return one(description, "", parse)


def json_text() -> Grammar[str]:
    """JSON, kept as it is written."""

    def parse(text: str) -> str:
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Malformed(text) from error
        return text

    return one("valid JSON", "", parse)


def ids(description: str, *, distinct: bool = False) -> Grammar[tuple[str, ...]]:
    """Names with commas between them; empty names are dropped.

    Args:
        description: of the names.
        distinct: whether each counts once an entry.
    """

    def names(text: str) -> Iterable[str]:
        found = [name for name in text.split(",") if name]
        return dict.fromkeys(found) if distinct else found

    def read(texts: Texts) -> Reading[tuple[str, ...]]:
        found = tuple(name for text in texts for name in names(text))
        return Reading(found, tuple(name for name in found if _BLANK.search(name)))

    return Grammar(f"{description}, separated by commas without blanks", (), read)


def port_protocols(*protocols: str) -> Grammar[tuple[PortProtocol, ...]]:
    """Ports with protocols.

    Args:
        protocols: those that a load balancer speaks.
    """

    def check(item: PortProtocol) -> bool:
        return item.port in PORTS and item.protocol in protocols

    description = f"ports from 1 to 65535 such as 80/TCP,7777/UDP, each {_either(protocols)}"
    listed = items(f"{description}, none twice", parse_port_protocol, check)

    def read(texts: Texts) -> Reading[tuple[PortProtocol, ...]]:
        reading = listed.read(texts)
        return Reading(reading.value, (*reading.faults, *_doubled(reading.value)))

    return replace(listed, read=read)


def numbers(description: str, allowed: range = PORTS) -> Grammar[tuple[int, ...]]:
    """Numbers within bounds, with commas between them."""
    return items(description, partial(_parse_within, allowed))


def pairs(description: str) -> Grammar[Mapping[str, str]]:
    """``key:value`` with commas between them, each with exactly one colon."""

    def parse(text: str) -> tuple[str, str]:
        key, separator, value = text.partition(":")
        if not separator or ":" in value:
            raise Malformed(text)
        return key, value

    listed = items(description, parse)

    def read(texts: Texts) -> Reading[Mapping[str, str]]:
        reading = listed.read(texts)
        return Reading(dict(reading.value), reading.faults)

    return Grammar(listed.description, {}, read)


def one(description: str, default: T, parse: Callable[[str], T]) -> Grammar[T]:
    """Return the grammar of a text that is one value."""

    def read(texts: Texts) -> Reading[T]:
        try:
            return Reading(parse(texts[-1]))
        except Malformed:
            return Reading(default, (texts[-1],))

    return Grammar(description, default, read)


def items(
    description: str,
    parse: Callable[[str], T],
    check: Callable[[T], bool] = lambda _: True,
    *,
    gaps: bool = False,
) -> Grammar[tuple[T, ...]]:
    """Return the grammar of a list with commas.

    What cannot be parsed is left out. What fails the check is a fault, too, but taken as it is: the
    Go manager leaves the refusal to the API server.

    Args:
        description: what to write.
        parse: understands one item.
        check: whether it is possible.
        gaps: whether there may be nothing between commas.
    """

    def read(texts: Texts) -> Reading[tuple[T, ...]]:
        values: list[T] = []
        faults: list[str] = []
        for item in (item for text in texts for item in text.split(",")):
            if gaps and not item:
                continue
            try:
                value = parse(item)
            except Malformed:
                faults.append(item)
                continue
            values.append(value)
            if not check(value):
                faults.append(item)
        return Reading(tuple(values), tuple(faults))

    return Grammar(description, (), read)


def _parse_within(allowed: range, text: str) -> int:
    number = parse_int(text)
    if number not in allowed:
        raise Malformed(text)
    return number


def _doubled(wanted: Iterable[PortProtocol]) -> Iterator[str]:
    """Yield those that speak what an earlier one speaks on the same port."""
    before: set[PortProtocol] = set()
    for item in wanted:
        if not before.isdisjoint(item.spoken):
            yield f"{item.port}/{item.protocol}"
        before.update(item.spoken)


def _between(allowed: range) -> str:
    return f"a number from {allowed[0]} to {allowed[-1]}"


def _either(options: Sequence[str]) -> str:
    return f"{', '.join(options[:-1])} or {options[-1]}"
