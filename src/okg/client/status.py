"""The Status object of a failed answer, translated into our errors."""

from collections.abc import Mapping

import msgspec

from okg.errors import ApiError, StatusCause, api_error


class _Details(msgspec.Struct, frozen=True, rename="camel"):
    causes: tuple[StatusCause, ...] = ()
    retry_after_seconds: int = 0


class _Status(msgspec.Struct, frozen=True):
    code: int = 500
    reason: str = ""
    message: str = ""
    details: _Details | None = None


_MESSAGE_LIMIT = 1024


def status_error(
    body: bytes, *, status: int = 0, headers: Mapping[str, str] | None = None, request_line: str
) -> ApiError:
    """Return the error for a failed answer; a body that is no Status becomes the message."""
    try:
        parsed = msgspec.json.decode(body, type=_Status)
    except msgspec.MsgspecError:
        text = body[:_MESSAGE_LIMIT].decode(errors="replace").strip()
        parsed = _Status(code=status, message=text)
    details = parsed.details or _Details()
    return api_error(
        status or parsed.code,
        parsed.reason,
        parsed.message,
        request_line=request_line,
        retry_after=_retry_after(headers or {}, details),
        causes=details.causes,
    )


def _retry_after(headers: Mapping[str, str], details: _Details) -> float | None:
    text = headers.get("retry-after", "")
    if text.isdigit():
        return float(text)
    return float(details.retry_after_seconds) if details.retry_after_seconds else None
