import msgspec
import pytest

from okg.workload.hashing import fnv1, hash_of
from okg.workload.invalid import InvalidField


@pytest.mark.parametrize(
    ("data", "value"), [(b"", 0x811C9DC5), (b"a", 0x050C5D7E), (b"foobar", 0x31F0B262)]
)
def test_fnv1_gives_its_published_values(data: bytes, value: int) -> None:
    assert fnv1(data) == value


def test_a_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert hash_of({"a": {"x": 1, "y": [2]}, "b": 3}) == hash_of({"b": 3, "a": {"y": [2], "x": 1}})


def test_a_hash_is_the_same_in_every_process() -> None:
    assert hash_of({"a": 1}) == "2552275893"


def test_a_hash_depends_on_every_value_and_on_the_order_of_lists() -> None:
    values: list[object] = [[1, 2], [2, 1], [1, 2.0], ["1", 2], [1, 2, None], {}, []]

    hashes = {hash_of(value) for value in values}

    assert len(hashes) == 7


def test_what_nests_too_deeply_is_no_traceback() -> None:
    deep = msgspec.Raw(b"[" * 100_000 + b"]" * 100_000)

    with pytest.raises(InvalidField, match="the set: nests too deeply to be read"):
        hash_of(deep)
