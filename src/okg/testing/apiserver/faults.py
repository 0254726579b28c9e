"""Faults: what goes wrong between a client and the server, on request.

A rule says which requests it is for and what happens to them. The first rule that matches and is
not used up decides.
"""

import threading
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from okg.testing.apiserver.request_log import Call


class Refuse(msgspec.Struct, frozen=True, kw_only=True):
    """Answer with a failure; the request is not carried out.

    Attributes:
        status: HTTP status, e.g. 429, 500, 503, 409.
        reason: reason of the Status object.
        message: message of the Status object.
        retry_after: seconds in the Retry-After header, or None for no header.
    """

    status: int
    reason: str = ""
    message: str = "refused by a fault rule"
    retry_after: int | None = None


class Unreachable(msgspec.Struct, frozen=True):
    """Raise ConnectFailed; the request is not carried out."""


class LoseAnswer(msgspec.Struct, frozen=True):
    """Carry the request out and raise TimedOut: the client cannot know that it was."""


class Delay(msgspec.Struct, frozen=True):
    """Wait for so many seconds of the server's clock, then go on."""

    seconds: float


class CutWatch(msgspec.Struct, frozen=True):
    """Break a watch after so many lines."""

    after: int = 0


class SilenceWatch(msgspec.Struct, frozen=True):
    """Let a watch stay open and silent after so many lines, as a half-open connection does."""

    after: int = 0


Effect: TypeAlias = Refuse | Unreachable | LoseAnswer | Delay | CutWatch | SilenceWatch


class Rule:
    """Which requests an effect is for. Empty texts match everything.

    Attributes:
        effect: what happens.
        hits: how many requests it happened to.
    """

    def __init__(
        self,
        effect: Effect,
        *,
        verbs: Sequence[str],
        resource: str,
        name: str,
        path: str,
        times: int | None,
    ) -> None:
        self.effect = effect
        self.hits = 0
        self._verbs = frozenset(verbs)
        self._resource = resource
        self._name = name
        self._path = path
        self._times = times

    def matches(self, call: Call) -> bool:
        """Whether the rule is for this request and not used up."""
        return (
            (self._times is None or self.hits < self._times)
            and (not self._verbs or call.verb in self._verbs)
            and self._resource in {"", call.resource}
            and self._name in {"", call.name}
            and self._path in call.path
        )


class Faults:
    """The rules in force. Safe for use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def inject(
        self,
        effect: Effect,
        *,
        verbs: Sequence[str] = (),
        resource: str = "",
        name: str = "",
        path: str = "",
        times: int | None = None,
    ) -> Rule:
        """Put a rule into force and return it.

        Args:
            effect: what happens to the requests.
            verbs: get, list, watch, create, update, patch, delete, deletecollection.
            resource: plural, with the subresource where there is one: ``pods``, ``pods/status``.
            name: of the object.
            path: part of the path.
            times: for how many requests; None for all.
        """
        rule = Rule(effect, verbs=verbs, resource=resource, name=name, path=path, times=times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Take a rule back; harmless when repeated."""
        with self._lock:
            if rule in self._rules:
                self._rules.remove(rule)

    def clear(self) -> None:
        """Take all rules back."""
        with self._lock:
            self._rules.clear()

    def strike(self, call: Call) -> Effect | None:
        """Return what happens to a request, and count it."""
        with self._lock:
            for rule in self._rules:
                if rule.matches(call):
                    rule.hits += 1
                    return rule.effect
        return None
