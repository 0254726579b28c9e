"""Admission reviews on the wire."""

import base64
import json

import pytest

from okg.api.admission import (
    AdmissionRequest,
    GroupVersionKind,
    GroupVersionResource,
    UserInfo,
    allowed,
    decode_review,
    denied,
    encode_review,
    errored,
    patched,
)
from okg.errors import DecodeError

CREATE = b"""{
  "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
  "request": {
    "uid": "705ab4f5", "operation": "CREATE", "name": "lobby-0", "namespace": "games",
    "kind": {"group": "", "version": "v1", "kind": "Pod"},
    "resource": {"group": "", "version": "v1", "resource": "pods"},
    "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
    "userInfo": {"username": "admin", "groups": ["system:masters"], "extra": {"a": ["b"]}},
    "object": {"kind": "Pod", "metadata": {"name": "lobby-0"}},
    "oldObject": null, "dryRun": false, "options": {"kind": "CreateOptions"}
  }
}"""


def test_a_question_is_read_with_its_objects_as_they_came() -> None:
    request = decode_review(CREATE).request

    assert request.uid == "705ab4f5"
    assert request.kind == GroupVersionKind(version="v1", kind="Pod")
    assert request.resource == GroupVersionResource(version="v1", resource="pods")
    assert (request.operation, request.namespace, request.name) == ("CREATE", "games", "lobby-0")
    assert request.user_info == UserInfo(username="admin", groups=("system:masters",))
    assert request.dry_run is False
    assert bytes(request.object) == b'{"kind": "Pod", "metadata": {"name": "lobby-0"}}'
    assert bytes(request.options) == b'{"kind": "CreateOptions"}'


def test_a_null_object_is_an_absent_one() -> None:
    assert bytes(decode_review(CREATE).request.old_object) == b""
    assert bytes(AdmissionRequest().object) == b""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"other":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "it nests too deeply"),
        (b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', "`request`"),
        (CREATE.replace(b"k8s.io/v1", b"k8s.io/v2"), "admission.k8s.io/v2 AdmissionReview is not"),
        (CREATE.replace(b"AdmissionReview", b"Pod"), "admission.k8s.io/v1 Pod is not"),
    ],
)
def test_what_is_no_question_is_refused_with_the_reason(body: bytes, why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        decode_review(body)


def test_v1beta1_is_understood_and_answered_alike() -> None:
    review = decode_review(CREATE.replace(b"k8s.io/v1", b"k8s.io/v1beta1"))

    answer = encode_review(allowed(), uid="705ab4f5", api_version=review.api_version)

    assert json.loads(answer) == {
        "apiVersion": "admission.k8s.io/v1beta1",
        "kind": "AdmissionReview",
        "response": {"uid": "705ab4f5", "allowed": True, "status": {"code": 200}},
    }


def test_a_refusal_tells_the_user_why() -> None:
    answer = json.loads(encode_review(denied("no networks"), uid="1"))

    assert answer["response"] == {
        "uid": "1",
        "allowed": False,
        "status": {"code": 403, "reason": "Forbidden", "message": "no networks"},
    }


def test_an_error_is_a_refusal_with_its_code() -> None:
    answer = json.loads(encode_review(errored(500, "broken")))

    assert answer["response"]["allowed"] is False
    assert answer["response"]["status"] == {"code": 500, "message": "broken"}


def test_changes_travel_as_an_encoded_json_patch() -> None:
    operation = {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}

    response = json.loads(encode_review(patched([operation])))["response"]

    assert response["allowed"] is True
    assert response["patchType"] == "JSONPatch"
    assert json.loads(base64.b64decode(response["patch"])) == [operation]


def test_no_changes_are_no_patch() -> None:
    response = json.loads(encode_review(patched([])))["response"]

    assert response == {"uid": "", "allowed": True, "status": {"code": 200}}


def test_warnings_go_along() -> None:
    response = json.loads(encode_review(allowed(warnings=["deprecated"])))["response"]

    assert response["warnings"] == ["deprecated"]
