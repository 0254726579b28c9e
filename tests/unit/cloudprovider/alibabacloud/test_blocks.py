"""Where ordinals lead."""

import pytest
from hypothesis import assume, given, strategies as st

from okg.cloudprovider.alibabacloud.blocks import Blocks


def test_servers_of_a_block_have_the_ports_after_each_other() -> None:
    blocks = Blocks(10000, 10999, (), 2)

    assert blocks.size == 500
    assert blocks.ports(1) == (10002, 10003)
    assert blocks.of(500) == 1
    assert blocks.ports(500) == (10000, 10001)
    assert blocks.ordinals(1) == range(500, 1000)


def test_ports_that_are_no_use_for_a_whole_server_are_left_over() -> None:
    assert Blocks(20000, 20999, (), 3).size == 333


@pytest.mark.parametrize(
    ("blocks", "highest", "reserve", "expected"),
    [
        (Blocks(1000, 2500, (), 2), 1499, 2, 4),
        (Blocks(1000, 1005, (), 3), 1, 2, 3),
        (Blocks(1000, 1249, (), 1), 249, 0, 1),
        (Blocks(1000, 1249, (), 1), 250, 0, 2),
        (Blocks(1000, 1249, (), 1), 500, 0, 3),
        (Blocks(1000, 1001, (), 3), 7, 2, 1),
    ],
)
def test_there_are_blocks_for_the_highest_server_and_some_more(
    blocks: Blocks, highest: int, reserve: int, expected: int
) -> None:
    assert blocks.count(highest, reserve) == expected


def test_servers_after_a_blocked_port_move_up_and_share_none() -> None:
    pairs = Blocks(1000, 1004, (1002,), 2)
    singles = Blocks(1000, 1004, (1002,), 1)

    assert [pairs.ports(ordinal) for ordinal in (0, 1)] == [(1000, 1001), (1003, 1004)]
    assert [singles.ports(ordinal) for ordinal in range(12, 16)] == [
        (1000,),
        (1001,),
        (1003,),
        (1004,),
    ]
    assert singles.ordinals(3) == range(12, 16)


def test_a_blocked_first_port_is_not_given() -> None:
    assert Blocks(1000, 1004, (1000, 1001), 1).ports(0) == (1002,)


def test_listed_ports_count_however_often_and_wherever_they_are() -> None:
    assert Blocks(1000, 1009, (1001, 1001, 9), 1).size == 7


@given(
    low=st.integers(1, 60000),
    length=st.integers(1, 300),
    blocked=st.lists(st.integers(0, 310), max_size=20),
    width=st.integers(1, 5),
    block=st.integers(0, 3),
)
def test_no_port_is_given_twice_on_a_load_balancer_and_no_blocked_one_ever(
    low: int, length: int, blocked: list[int], width: int, block: int
) -> None:
    refused = tuple(low + offset for offset in blocked)
    blocks = Blocks(low, low + length - 1, refused, width)
    assume(blocks.size > 0)

    ports = [port for ordinal in blocks.ordinals(block) for port in blocks.ports(ordinal)]

    assert len(ports) == len(set(ports)) == blocks.size * width
    assert set(ports) <= set(range(low, low + length)) - set(refused)


@given(
    blocked=st.lists(st.integers(1000, 1099), max_size=10),
    width=st.integers(1, 3),
    ordinal=st.integers(0, 1000),
)
def test_a_server_is_in_the_block_that_says_so(
    blocked: list[int], width: int, ordinal: int
) -> None:
    blocks = Blocks(1000, 1099, tuple(blocked), width)

    assert ordinal in blocks.ordinals(blocks.of(ordinal))
    assert ordinal < blocks.count(ordinal, 0) * blocks.size
