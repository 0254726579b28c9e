"""The keeper in a manager: once before anybody is served, then whenever something changes."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from okg.api.admissionregistration import (
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
)
from okg.api.resource import Object
from okg.cache.informers import Selection
from okg.client.client import Client
from okg.client.rest import ApiClient
from okg.context import Context
from okg.errors import (
    ApiError,
    ConfigError,
    DecodeError,
    Forbidden,
    Invalid,
    NotFound,
    TransportError,
)
from okg.runtime.controller import Controller
from okg.runtime.first_requests import insist
from okg.runtime.reconcile import Request
from okg.runtime.watch import Watch
from okg.webhooks.certificates.configurations import MUTATING, VALIDATING, Service
from okg.webhooks.certificates.keeper import Keeper, secret_name

NAME = "webhook-certificates"

CONFIGURATIONS: Mapping[type[Object], Selection] = {
    MutatingWebhookConfiguration: Selection(fields=f"metadata.name={MUTATING}"),
    ValidatingWebhookConfiguration: Selection(fields=f"metadata.name={VALIDATING}"),
}
"""What of the configurations a cache is to hold."""

EVERYTHING = Request("", NAME)
"""The one request: there is one certificate."""


class Host(Protocol):
    """The part of a manager that a keeper needs."""

    @property
    def api(self) -> ApiClient:
        """Live reads and writes."""
        ...

    @property
    def unfenced(self) -> Client:
        """Reads from the caches; writes whether or not we lead."""
        ...


def prepare(
    ctx: Context,
    api: ApiClient,
    service: Service,
    folder: Path,
    *,
    pods: bool = True,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Have a certificate in ``folder`` and the webhooks registered, before they are served.

    Pods that are made in between are refused, not let through without what they should get.

    Raises:
        ConfigError: a right is missing, or the namespace, the folder cannot be written to, or the
            API server fails again and again.
    """
    instead = "or bring a certificate of your own with --enable-cert-generation=false"
    keeper = Keeper(api, api, service, folder, pods=pods)
    try:
        insist(lambda: keeper.reconcile(ctx, EVERYTHING), sleep=sleep)
    except Forbidden as error:
        raise ConfigError(f"{error}: apply the roles in config/rbac, {instead}") from error
    except NotFound as error:
        raise ConfigError(
            f"cannot create secret {secret_name(service)}: {error.message}; correct"
            f" --webhook-service-namespace, {instead}"
        ) from error
    except Invalid as error:
        raise ConfigError(
            f"cannot register the webhooks: {error}; correct --webhook-service-namespace and"
            f" --webhook-service-name, {instead}"
        ) from error
    except (ApiError, TransportError, DecodeError) as error:
        raise ConfigError(
            f"cannot register the webhooks: {error}; wait until `kubectl get --raw /readyz` says"
            f" ok, {instead}"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"cannot write the webhook certificate: {error}; choose another folder with"
            f" --webhook-server-certs-dir, {instead}"
        ) from error


def controller(host: Host, service: Service, folder: Path, *, pods: bool = True) -> Controller:
    """Return the controller, ready to be added to a manager; ``EVERYTHING`` starts it."""
    keeper = Keeper(host.api, host.unfenced, service, folder, pods=pods)
    watches = (
        Watch(MutatingWebhookConfiguration, _everything),
        Watch(ValidatingWebhookConfiguration, _everything),
    )
    return Controller(NAME, keeper, watches, leader_elected=False)


def _everything(_old: Object | None, _new: Object | None) -> Iterable[Request]:
    return (EVERYTHING,)
