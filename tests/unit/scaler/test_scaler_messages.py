"""Messages of the external scaler, by their bytes."""

import pytest
from google.protobuf.message import DecodeError

from okg.scaler.answers import ScaledObject
from okg.scaler.messages import (
    read_metrics_request,
    read_scaled_object,
    write_activity,
    write_metric_spec,
    write_metric_value,
)

REF = b"\x0a\x05lobby\x12\x05games\x1a\x11\x0a\x0cminAvailable\x12\x013"
LOBBY = ScaledObject("games", "lobby", {"minAvailable": "3"})


def test_a_scaled_object_has_name_namespace_and_metadata_as_fields_1_to_3() -> None:
    assert read_scaled_object(REF) == LOBBY


def test_a_request_for_metrics_has_a_scaled_object_as_field_1() -> None:
    request = b"\x0a" + bytes([len(REF)]) + REF + b"\x12\x0bgssReplicas"

    assert read_metrics_request(request) == LOBBY


def test_fields_of_newer_versions_are_skipped() -> None:
    assert read_scaled_object(REF + b"\x7a\x03new") == LOBBY


def test_what_is_missing_is_empty() -> None:
    assert read_metrics_request(b"") == ScaledObject("", "", {})


def test_what_is_no_message_is_told() -> None:
    with pytest.raises(DecodeError):
        read_scaled_object(b"GET / HTTP/1.1")


def test_answers_have_the_bytes_that_keda_reads() -> None:
    assert write_activity(active=True) == b"\x08\x01"
    assert write_activity(active=False) == b""
    assert write_metric_spec(1) == b"\x0a\x0f\x0a\x0bgssReplicas\x10\x01"
    assert write_metric_value(300) == b"\x0a\x10\x0a\x0bgssReplicas\x10\xac\x02"
    assert write_metric_value(-1) == b"\x0a\x18\x0a\x0bgssReplicas\x10" + b"\xff" * 9 + b"\x01"
