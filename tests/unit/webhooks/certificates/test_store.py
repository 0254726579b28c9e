"""A store in a Secret and out of it again."""

import base64
from datetime import UTC, datetime

from msgspec.structs import replace

from okg.webhooks.certificates.pair import Pair
from okg.webhooks.certificates.store import Store, new_secret, read_store, write_store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
A = Pair(authority="ca-a\n", certificate="crt-a\n", key="key-a\n")
B = Pair(authority="ca-b\n", certificate="crt-b\n", key="key-b\n")
FULL = Store(current=A, next=B, next_trusted_at=NOW, retired="ca-0\n", retired_at=NOW)


def test_a_secret_is_of_the_type_that_tools_know() -> None:
    secret = new_secret("games", "certs", Store(current=A))

    assert secret.key == "games/certs"
    assert secret.type == "kubernetes.io/tls"
    assert {key: base64.b64decode(value) for key, value in secret.data.items()} == {
        "ca.crt": b"ca-a\n",
        "tls.crt": b"crt-a\n",
        "tls.key": b"key-a\n",
    }


def test_everything_that_is_written_is_read() -> None:
    assert read_store(new_secret("games", "certs", FULL)) == FULL


def test_what_is_over_is_removed_and_what_others_wrote_stays() -> None:
    secret = new_secret("games", "certs", FULL)
    noted = replace(secret.metadata, annotations={**secret.metadata.annotations, "note": "ours"})
    secret = replace(secret, metadata=noted, data={**secret.data, "more": "bW9yZQ=="})

    written = write_store(secret, Store(current=B))

    assert written.metadata.annotations == {"note": "ours"}
    assert sorted(written.data) == ["ca.crt", "more", "tls.crt", "tls.key"]
    assert read_store(written) == Store(current=B)


def test_a_secret_without_a_complete_pair_holds_nothing() -> None:
    secret = new_secret("games", "certs", FULL)

    incomplete = replace(secret, data={**secret.data, "tls.key": ""})
    damaged = replace(secret, data={**secret.data, "tls.crt": "%"})

    assert read_store(incomplete) is None
    assert read_store(damaged) is None


def test_the_bundle_is_every_authority_that_some_replica_may_serve_with() -> None:
    assert FULL.bundle == "ca-a\nca-b\nca-0\n"
    assert Store(current=A).bundle == "ca-a\n"
