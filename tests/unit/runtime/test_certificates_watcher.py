"""Serving certificates that change."""

import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from okg.errors import ConfigError
from okg.runtime.certificates import CertificateWatcher
from okg.telemetry.logging import get_logger
from okg.testing.certificates import Authority, KeyPair

AUTHORITY = Authority("test")
FIRST = AUTHORITY.issue_server(["first.example"])
SECOND = AUTHORITY.issue_server(["second.example"])


def _put(directory: Path, pair: KeyPair) -> None:
    (directory / "tls.crt").write_bytes(pair.public)
    (directory / "tls.key").write_bytes(pair.private)


def _sample(registry: CollectorRegistry, name: str) -> float | None:
    return registry.get_sample_value(name)


def test_a_directory_without_a_pair_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no usable certificate in .* put a pair .* --webhook-server-certs-dir"
    ):
        CertificateWatcher(tmp_path)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    _put(tmp_path, KeyPair(public=FIRST.public, private=SECOND.private))

    with pytest.raises(ConfigError, match="KEY_VALUES_MISMATCH"):
        CertificateWatcher(tmp_path)


def test_an_unchanged_pair_is_not_loaded_again(tmp_path: Path) -> None:
    _put(tmp_path, FIRST)
    registry = CollectorRegistry()
    watcher = CertificateWatcher(tmp_path, registry=registry)
    before = watcher.context

    _put(tmp_path, FIRST)
    watcher.reload(get_logger())

    assert watcher.context is before
    assert _sample(registry, "certwatcher_read_certificate_total") == 1.0


def test_another_pair_is_used_from_now_on(tmp_path: Path) -> None:
    _put(tmp_path, FIRST)
    watcher = CertificateWatcher(tmp_path)
    before = watcher.context

    _put(tmp_path, SECOND)
    with capture_logs() as logs:
        watcher.reload(get_logger())

    assert watcher.context is not before
    assert [line["event"] for line in logs] == ["serving with a new certificate"]


def test_a_mounted_secret_changes_by_its_link(tmp_path: Path) -> None:
    (tmp_path / "..one").mkdir()
    (tmp_path / "..two").mkdir()
    _put(tmp_path / "..one", FIRST)
    _put(tmp_path / "..two", SECOND)
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "tls.crt").symlink_to("..data/tls.crt")
    (tmp_path / "tls.key").symlink_to("..data/tls.key")
    watcher = CertificateWatcher(tmp_path)
    before = watcher.context

    (tmp_path / "..new").symlink_to("..two")
    os.replace(tmp_path / "..new", tmp_path / "..data")  # noqa: PTH105 - the atomic swap itself
    watcher.reload(get_logger())

    assert watcher.context is not before


def test_a_broken_pair_keeps_the_old_one_and_is_reported_once(tmp_path: Path) -> None:
    _put(tmp_path, FIRST)
    registry = CollectorRegistry()
    watcher = CertificateWatcher(tmp_path, registry=registry)
    before = watcher.context

    _put(tmp_path, KeyPair(public=SECOND.public, private=FIRST.private))
    with capture_logs() as logs:
        watcher.reload(get_logger())
        watcher.reload(get_logger())

    assert watcher.context is before
    assert [line["event"] for line in logs] == [
        "cannot load the new certificate, keeping the old one"
    ]
    assert _sample(registry, "certwatcher_read_certificate_errors_total") == 1.0


def test_a_pair_that_was_half_written_is_used_once_it_is_whole(tmp_path: Path) -> None:
    _put(tmp_path, FIRST)
    watcher = CertificateWatcher(tmp_path)
    before = watcher.context
    (tmp_path / "tls.crt").write_bytes(SECOND.public)
    watcher.reload(get_logger())

    (tmp_path / "tls.key").write_bytes(SECOND.private)
    watcher.reload(get_logger())

    assert watcher.context is not before


def test_files_that_go_away_keep_the_old_pair(tmp_path: Path) -> None:
    _put(tmp_path, FIRST)
    watcher = CertificateWatcher(tmp_path)
    before = watcher.context

    (tmp_path / "tls.key").unlink()
    watcher.reload(get_logger())

    assert watcher.context is before
