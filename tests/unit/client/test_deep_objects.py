"""Objects that nest deeper than a parser goes: stored by an API server, and no harm to others."""

from collections.abc import Iterator, Mapping

import msgspec
import pytest
from hypothesis import given, strategies as st

from okg.api.game import GameServerSet
from okg.client.decoding import Undecodable, WatchEvent, decode, decode_page
from okg.client.shallow import elements, members
from okg.client.watch import WatchStream
from okg.errors import DecodeError

LEVELS = 5_000
DEEP = b'{"a":' * LEVELS + b"1" + b"}" * LEVELS
ODD = (
    b'{"metadata":{"name":"deep","namespace":"n","uid":"u","resourceVersion":"7"},'
    b'"spec":{"replicas":1,"gameServerTemplate":{"spec":' + DEEP + b"}}}"
)
GOOD = b'{"metadata":{"name":"good","namespace":"n"},"spec":{"replicas":1}}'


class Lines:
    """A stream of two events."""

    status = 200
    headers: Mapping[str, str] = {}

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"type":"ADDED","object":' + ODD + b"}\n"
        yield b'{"type":"ADDED","object":' + GOOD + b"}\n"

    def close(self) -> None:
        """Nothing is open."""


def test_a_page_with_a_deep_object_has_the_others_and_names_the_deep_one() -> None:
    body = b'{"metadata":{"resourceVersion":"9"},"items":[' + ODD + b", " + GOOD + b"]}"

    page = decode_page(GameServerSet, body)

    assert [gss.metadata.name for gss in page.items] == ["good"]
    assert [str(odd.error) for odd in page.odd] == [
        "cannot decode GameServerSet n/deep: it nests too deeply to be read"
    ]
    assert page.odd[0].reference.uid == "u"
    assert page.resource_version == "9"


def test_a_watch_goes_on_after_a_deep_object() -> None:
    odd, event = WatchStream(GameServerSet, Lines())

    assert isinstance(odd, Undecodable)
    assert (odd.reference.name, odd.reference.resource_version) == ("deep", "7")
    assert isinstance(event, WatchEvent)
    assert event.object.metadata.name == "good"


def test_a_deep_object_alone_is_an_error_that_names_it() -> None:
    with pytest.raises(DecodeError, match="n/deep"):
        decode(GameServerSet, ODD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4), st.lists(JSON, max_size=4))
def test_the_surface_is_what_a_parser_sees(
    document: dict[str, object], array: list[object]
) -> None:
    found = members(msgspec.json.encode(document))
    parts = elements(msgspec.json.format(msgspec.json.encode(array), indent=2))

    assert {name: msgspec.json.decode(part) for name, part in found.items()} == document
    assert [msgspec.json.decode(part) for part in parts] == array
