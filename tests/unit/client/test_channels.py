"""What a command sends us, as bytes: no socket."""

from hypothesis import given, strategies as st
from wsproto.connection import SERVER, Connection
from wsproto.events import BytesMessage, CloseConnection, Ping

from okg.client.channels import OUTPUT_LIMIT, Channels

SUCCESS = b'{"metadata":{},"status":"Success"}'
CONVERSATION = (
    b"\x82\x01\x01"  # channels that open
    b"\x82\x01\x02"
    b"\x82\x01\x03"
    b"\x82\x05\x01idle"
    b"\x82\x05\x02oops"
    b"\x89\x04ping"
    b"\x02\x03\x01\x00\xff"  # a message of two frames, and not text
    b"\x80\x01!"
    b"\x82\x23\x03" + SUCCESS
)


def message(channel: int, data: bytes) -> bytes:
    return Connection(SERVER).send(BytesMessage(bytes([channel]) + data))


def receive(*pieces: bytes) -> Channels:
    channels = Channels()
    for piece in pieces:
        channels.receive(piece)
    return channels


def test_outputs_and_status_are_told_apart() -> None:
    channels = receive(CONVERSATION)

    assert channels.stdout == b"idle\x00\xff!"
    assert channels.stderr == b"oops"
    assert channels.status == SUCCESS
    assert not channels.closed


@given(cuts=st.lists(st.integers(1, len(CONVERSATION) - 1), unique=True).map(sorted))
def test_it_makes_no_difference_how_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = zip([0, *cuts], [*cuts, len(CONVERSATION)], strict=True)

    channels = receive(*(CONVERSATION[start:end] for start, end in edges))

    assert channels.stdout == b"idle\x00\xff!"
    assert channels.stderr == b"oops"
    assert channels.status == SUCCESS


@given(st.lists(st.binary(min_size=1)))
def test_junk_is_never_an_exception(pieces: list[bytes]) -> None:
    channels = receive(*pieces)

    assert len(channels.stdout) <= OUTPUT_LIMIT


@given(st.binary(max_size=200))
def test_a_close_frame_with_any_reason_is_the_end(reason: bytes) -> None:
    channels = Channels()

    channels.receive(b"\x88" + bytes([min(len(reason), 125)]) + reason[:125])

    assert channels.closed
    assert channels.status is None


def test_a_frame_that_none_may_send_is_the_end() -> None:
    assert receive(b"\xff" * 40).closed


def test_the_end_of_the_socket_is_the_end() -> None:
    channels = receive(message(1, b"half"), b"")

    assert channels.closed
    assert channels.status is None


def test_a_close_frame_is_the_end() -> None:
    assert receive(Connection(SERVER).send(CloseConnection(1000, "bye"))).closed


def test_what_comes_after_the_status_is_not_read() -> None:
    channels = receive(message(3, SUCCESS) + message(1, b"late") + b"\xff\xff\xff\xff")

    assert channels.status == SUCCESS
    assert channels.stdout == b""
    assert not channels.closed


def test_ten_kibibytes_of_each_output_are_kept_and_the_rest_is_read() -> None:
    channels = receive(
        message(1, b"a" * 10_000),
        message(2, b"c" * 10_241),
        message(1, b"b" * 60_000),
        message(3, SUCCESS),
    )

    assert channels.stdout == b"a" * 10_000 + b"b" * 240
    assert channels.stderr == b"c" * 10_240
    assert channels.status == SUCCESS


def test_a_status_without_end_is_cut() -> None:
    channels = receive(message(3, b"x" * 100_000))

    assert channels.status == b"x" * 65_536


def test_other_channels_texts_and_empty_messages_are_passed_over() -> None:
    channels = receive(
        message(4, b"size"), b"\x82\x00", b"\x81\x02hi", b"\x8a\x00", message(1, b"x")
    )

    assert channels.stdout == b"x"
    assert not channels.closed
    assert channels.status is None


def test_a_ping_is_answered_with_its_own_payload() -> None:
    server = Connection(SERVER)

    answer = Channels().receive(server.send(Ping(b"are you there")))

    server.receive_data(answer)
    assert [event.payload for event in server.events()] == [b"are you there"]  # type: ignore[attr-defined]  # a Pong
