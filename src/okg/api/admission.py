"""admission.k8s.io/v1 and v1beta1: what the API server asks a webhook, and the answer."""

import base64
from collections.abc import Mapping, Sequence

import msgspec

from okg.api.meta import Opaque, OpaqueValue, Value
from okg.errors import DecodeError

API_VERSIONS = ("admission.k8s.io/v1", "admission.k8s.io/v1beta1")
"""Both have the same fields; an answer is in the version of its question."""

_NULL = b"null"


class GroupVersionKind(Value, frozen=True, kw_only=True):
    """A kind of object."""

    group: str = ""
    version: str = ""
    kind: str = ""


class GroupVersionResource(Value, frozen=True, kw_only=True):
    """A collection of objects."""

    group: str = ""
    version: str = ""
    resource: str = ""


class UserInfo(Value, frozen=True, kw_only=True):
    """Who sent the request."""

    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()


class AdmissionRequest(OpaqueValue, frozen=True, kw_only=True):
    """A write that somebody wants to do.

    Attributes:
        uid: names this question.
        kind: of the object.
        resource: that is written to.
        sub_resource: e.g. ``status``, else empty.
        name: of the object; empty where the server is still to generate it.
        namespace: of the object.
        operation: ``CREATE``, ``UPDATE``, ``DELETE`` or ``CONNECT``.
        user_info: who asks.
        object: the object as it is to be; empty for DELETE.
        old_object: the object as it is; empty for CREATE.
        dry_run: nothing will be stored, so nothing may be done either.
        options: of the operation.
    """

    uid: str = ""
    kind: GroupVersionKind = GroupVersionKind()
    resource: GroupVersionResource = GroupVersionResource()
    sub_resource: str = ""
    name: str = ""
    namespace: str = ""
    operation: str = ""
    user_info: UserInfo = UserInfo()
    dry_run: bool | None = None
    object: Opaque = msgspec.Raw()
    old_object: Opaque = msgspec.Raw()
    options: Opaque = msgspec.Raw()

    def __post_init__(self) -> None:
        """Detach the opaque parts, and take the null of an absent one for what it means."""
        super().__post_init__()
        for name in ("object", "old_object", "options"):
            if bytes(getattr(self, name)) == _NULL:
                msgspec.structs.force_setattr(self, name, msgspec.Raw())


class AdmissionResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook says to a request.

    Attributes:
        allowed: whether the write may go on.
        code: HTTP status the user's request is answered with when it may not.
        reason: machine-readable, one of the API's status reasons.
        message: for the user.
        patch: operations of a JSON Patch on the object.
        warnings: shown to the user, whatever the answer.
    """

    allowed: bool
    code: int = 200
    reason: str = ""
    message: str = ""
    patch: tuple[Mapping[str, object], ...] = ()
    warnings: tuple[str, ...] = ()


def allowed(*, warnings: Sequence[str] = ()) -> AdmissionResponse:
    """Let the write go on as it is."""
    return AdmissionResponse(allowed=True, warnings=tuple(warnings))


def patched(
    operations: Sequence[Mapping[str, object]], *, warnings: Sequence[str] = ()
) -> AdmissionResponse:
    """Let the write go on with changes; no operations change nothing."""
    return AdmissionResponse(allowed=True, patch=tuple(operations), warnings=tuple(warnings))


def denied(message: str, *, warnings: Sequence[str] = ()) -> AdmissionResponse:
    """Refuse the write; the message tells the user what to change."""
    return AdmissionResponse(
        allowed=False, code=403, reason="Forbidden", message=message, warnings=tuple(warnings)
    )


def errored(code: int, message: str) -> AdmissionResponse:
    """Refuse the write because it could not be judged."""
    return AdmissionResponse(allowed=False, code=code, message=message)


class Review(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An AdmissionReview as the API server sends it."""

    api_version: str
    kind: str
    request: AdmissionRequest

    def __post_init__(self) -> None:
        """Refuse what is no review."""
        if self.kind != "AdmissionReview" or self.api_version not in API_VERSIONS:
            raise ValueError(f"{self.api_version} {self.kind} is not an AdmissionReview we know")


def decode_review(body: bytes) -> Review:
    """Read a question.

    Raises:
        DecodeError: the body is none.
    """
    try:
        return _REVIEW.decode(body)
    except RecursionError as error:
        raise DecodeError("AdmissionReview", "", "it nests too deeply") from error
    except msgspec.MsgspecError as error:
        raise DecodeError("AdmissionReview", "", str(error)) from error


def encode_review(
    response: AdmissionResponse, *, uid: str = "", api_version: str = API_VERSIONS[0]
) -> bytes:
    """Return the answer to the question ``uid`` in the words of the API."""
    status: dict[str, object] = {"code": response.code}
    if response.reason:
        status["reason"] = response.reason
    if response.message:
        status["message"] = response.message
    answer: dict[str, object] = {"uid": uid, "allowed": response.allowed, "status": status}
    if response.patch:
        answer["patchType"] = "JSONPatch"
        answer["patch"] = base64.b64encode(msgspec.json.encode(response.patch)).decode()
    if response.warnings:
        answer["warnings"] = response.warnings
    review = {"apiVersion": api_version, "kind": "AdmissionReview", "response": answer}
    return msgspec.json.encode(review)


_REVIEW = msgspec.json.Decoder(Review)
