"""Keeper: carries out the steps of a rotation, and keeps the webhook configurations right.

It runs on every replica. A write that another replica was faster with is a Conflict, and the next
look goes on from there. Configurations are read before the Secret: one that is older than the
Secret cannot be written, so nobody registers a bundle that is no longer stored.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from okg.api.admissionregistration import (
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
    Webhook,
)
from okg.api.core import Secret
from okg.api.resource import O, Object
from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.errors import AlreadyExists, Conflict
from okg.runtime.certificates import CERTIFICATE, KEY
from okg.runtime.reconcile import Request, Result
from okg.webhooks.certificates.configurations import (
    MUTATING,
    VALIDATING,
    C,
    Service,
    mutating_configuration,
    validating_configuration,
    without_pods,
)
from okg.webhooks.certificates.pair import Pair, check_pair, make_pair
from okg.webhooks.certificates.rotation import Serve, Write, decide
from okg.webhooks.certificates.store import Store, new_secret, read_store, write_store

POLL = timedelta(seconds=10)
"""Time between two looks at the Secret: how long a replica serves what another has retired."""

_STEPS = 20
"""More than a rotation has; ends a quarrel with somebody who undoes what we do."""


class ReadWrite(Protocol):
    """The requests we need; both live clients and cached ones have them."""

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        """Return an object or None."""
        ...

    def create(self, obj: O) -> O:
        """Create an object."""
        ...

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        """Write the difference of two values."""
        ...


class Keeper:
    """Keeps certificate, Secret and configurations in step. A Reconciler of one request.

    Args:
        secrets: live reads and writes of the Secret.
        configurations: reads and writes the webhook configurations.
        service: in front of the webhooks; its namespace is the Secret's.
        folder: where the pair that is to be served goes.
        pods: whether there are pods that somebody else makes, so that a webhook is needed.
        clock: where the time comes from.
    """

    def __init__(
        self,
        secrets: ReadWrite,
        configurations: ReadWrite,
        service: Service,
        folder: Path,
        *,
        pods: bool = True,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._secrets = secrets
        self._configurations = configurations
        self._service = service
        self._folder = folder
        self._pods = pods
        self._answers: dict[type[Object], tuple[Sequence[Webhook], Sequence[Webhook]]] = {}
        self._clock = clock

    def reconcile(self, ctx: Context, request: Request) -> Result | None:  # noqa: ARG002 - one only
        """Do what is to be done now, and look again soon."""
        for _ in range(_STEPS):
            try:
                if self._step(ctx):
                    break
            except (AlreadyExists, Conflict) as error:
                ctx.log.debug("another replica was faster", error=str(error))
        return Result(requeue_after=POLL)

    def _step(self, ctx: Context) -> bool:
        """Do one step; True when there is none to do."""
        mutating = self._configurations.get(MutatingWebhookConfiguration, "", MUTATING)
        validating = self._configurations.get(ValidatingWebhookConfiguration, "", VALIDATING)
        secret = self._secrets.get(Secret, self._service.namespace, secret_name(self._service))
        store = read_store(secret) if secret else None
        bundle = store.bundle if store else ""
        wanted_mutating = (
            mutating_configuration(mutating, self._service, bundle)
            if self._pods
            else without_pods(mutating)
        )
        wanted_validating = validating_configuration(validating, self._service, bundle)
        step = decide(
            store,
            registered=self._is_right(mutating, wanted_mutating)
            and self._is_right(validating, wanted_validating),
            now=self._clock.now(),
            make=lambda: make_pair(self._names, self._clock.now()),
            check=lambda pair: check_pair(pair, self._names),
        )
        if isinstance(step, Serve):
            install(step.pair, self._folder)
            return True
        if isinstance(step, Write):
            ctx.log.info("changing the webhook certificate", reason=step.reason)
            self._store(secret, step.store)
        else:
            ctx.log.info("registering the webhooks", service=self._service.host)
            self._register(mutating, wanted_mutating)
            self._register(validating, wanted_validating)
        return False

    def _store(self, secret: Secret | None, store: Store) -> None:
        if secret is None:
            service = self._service
            self._secrets.create(new_secret(service.namespace, secret_name(service), store))
        else:
            self._secrets.patch(secret, write_store(secret, store))

    def _is_right(self, found: C | None, wanted: C | None) -> bool:
        """Whether nothing is to be written, or the server makes of it what is there already.

        Servers before Kubernetes 1.28 drop conditions without a word.
        """
        if found is None or wanted is None:
            return found is wanted
        known = self._answers.get(type(found))
        return wanted is found or known == (wanted.webhooks, found.webhooks)

    def _register(self, found: C | None, wanted: C | None) -> None:
        if wanted is None:
            return
        stored = (
            self._configurations.create(wanted)
            if found is None
            else self._configurations.patch(found, wanted)
        )
        self._answers[type(wanted)] = (wanted.webhooks, stored.webhooks)

    @property
    def _names(self) -> Sequence[str]:
        return (self._service.host, "localhost")


def secret_name(service: Service) -> str:
    """Return the name of the Secret for a Service's certificates."""
    return f"{service.name}-certs"


def install(pair: Pair, folder: Path) -> None:
    """Put a pair where the server looks for it; each file is replaced whole."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in ((KEY, pair.key), (CERTIFICATE, pair.certificate)):
        path = folder / name
        if path.is_file() and path.read_text() == text:
            continue
        _write(path, text)


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)
