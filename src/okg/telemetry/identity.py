"""Who we are: what records and spans say of the process that they come from."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

SERVICE = "okg-controller-manager"
"""Upstream's name of the service, if nobody gives another, and of what makes spans and records."""

_VARIABLES = {
    "service.name": ("OKG_SERVICE_NAME", "SERVICE_NAME", "OTEL_SERVICE_NAME"),
    "service.namespace": ("OKG_NAMESPACE", "POD_NAMESPACE"),
    "service.version": ("OKG_SERVICE_VERSION", "SERVICE_VERSION", "OKG_VERSION"),
    "service.instance.id": ("OKG_SERVICE_INSTANCE_ID", "POD_UID"),
    "k8s.namespace.name": ("OKG_NAMESPACE", "POD_NAMESPACE"),
    "k8s.pod.name": ("OKG_POD_NAME", "POD_NAME", "HOSTNAME"),
}
"""Environment variables by what they say; the first that is set wins."""


def identity(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return what is known, under OpenTelemetry's names."""
    known = {"service.name": SERVICE, "service.version": _own_version()}
    for key, names in _VARIABLES.items():
        values = (environment.get(name, "").strip() for name in names)
        known[key] = next(filter(None, values), known.get(key, ""))
    return {key: value for key, value in known.items() if value}


def _own_version() -> str:
    try:
        return version("okg")
    except PackageNotFoundError:  # run from a source tree
        return "dev"
