"""Making and judging a serving certificate."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from okg.webhooks.certificates.pair import Unusable, check_pair, make_pair

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMES = ("hook.games.svc", "localhost")
PAIR = make_pair(NAMES, NOW)


def test_a_pair_lives_for_a_year() -> None:
    assert check_pair(PAIR, NAMES) == NOW + timedelta(days=365)


def test_a_pair_may_be_for_more_names_than_are_needed() -> None:
    assert check_pair(PAIR, ["localhost"]) == NOW + timedelta(days=365)


def test_a_name_may_be_longer_than_the_subject_of_a_certificate_has_room_for() -> None:
    names = [f"{'a' * 60}.{'b' * 60}.svc"]

    assert check_pair(make_pair(names, NOW), names) > NOW


def test_a_pair_for_another_name_cannot_be_used() -> None:
    with pytest.raises(Unusable, match=r"it is not for other\.games\.svc"):
        check_pair(PAIR, ["other.games.svc"])


def test_a_key_of_another_certificate_cannot_be_used() -> None:
    other = make_pair(NAMES, NOW)

    with pytest.raises(Unusable, match="the key is not that of the certificate"):
        check_pair(replace(PAIR, key=other.key), NAMES)


def test_a_certificate_of_another_authority_cannot_be_used() -> None:
    other = make_pair(NAMES, NOW)

    with pytest.raises(Unusable, match="it is damaged: InvalidSignature"):
        check_pair(replace(PAIR, authority=other.authority), NAMES)


@pytest.mark.parametrize("part", ["authority", "certificate", "key"])
def test_what_is_no_certificate_cannot_be_used(part: str) -> None:
    with pytest.raises(Unusable, match="it is damaged"):
        check_pair(replace(PAIR, **{part: "nonsense"}), NAMES)


def test_a_pair_in_a_log_does_not_show_its_key() -> None:
    secret = PAIR.key.splitlines()[1]

    assert secret not in repr(PAIR)
    assert secret not in f"{PAIR}"
    assert secret not in str([PAIR])


def test_a_client_that_trusts_the_authority_accepts_the_certificate(tmp_path: Path) -> None:
    pair = make_pair(NAMES, datetime.now(UTC))
    (tmp_path / "tls.crt").write_text(pair.certificate)
    (tmp_path / "tls.key").write_text(pair.key)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    trusting = ssl.create_default_context(cadata=pair.authority)
    one, other = socket.socketpair()

    def serve() -> None:
        with serving.wrap_socket(one, server_side=True) as connection:
            connection.sendall(b"hello")

    thread = threading.Thread(target=serve)
    thread.start()
    with trusting.wrap_socket(other, server_hostname="hook.games.svc") as connection:
        greeting = connection.recv(5)
    thread.join()

    assert greeting == b"hello"
