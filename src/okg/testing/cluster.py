"""What tests may expect of any cluster, whoever runs it."""

from pathlib import Path
from typing import Protocol

from okg.testing.manifests import Manifest
from okg.testing.rest import RestClient


class Cluster(Protocol):
    """An API server and an administrator's way in."""

    @property
    def url(self) -> str:
        """Address of the API server."""
        ...

    @property
    def ca_file(self) -> Path:
        """PEM certificate that the server's certificate is checked with."""
        ...

    @property
    def admin_token(self) -> str:
        """Bearer token that may do everything."""
        ...

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig file of the administrator."""
        ...

    @property
    def rest(self) -> RestClient:
        """JSON requests as the administrator."""
        ...

    def apply(self, *sources: Path | Manifest) -> None:
        """Create or update objects from values, YAML files or folders of them."""
        ...

    def write_kubeconfig(self, path: Path, *, user: str, token: str) -> Path:
        """Write a kubeconfig that sends a bearer token, and return its path."""
        ...

    def stop(self) -> None:
        """End what was started for the tests; a cluster that was there before stays."""
        ...
