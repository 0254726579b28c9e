"""Kubeconfig files with one cluster, one user and one context."""

from base64 import b64encode
from collections.abc import Mapping

from okg.testing.certificates import KeyPair


def token_credentials(token: str) -> Mapping[str, str]:
    """Return the user entry that sends a bearer token."""
    return {"token": token}


def certificate_credentials(pair: KeyPair) -> Mapping[str, str]:
    """Return the user entry that presents a client certificate."""
    return {
        "client-certificate-data": b64encode(pair.public).decode(),
        "client-key-data": b64encode(pair.private).decode(),
    }


def kubeconfig_text(
    *, server: str, authority: bytes, user: str, credentials: Mapping[str, str]
) -> str:
    """Return a kubeconfig as YAML.

    Args:
        server: address of the API server.
        authority: PEM certificate that the server's certificate is checked with.
        user: name of the user entry; what the server takes the user for is in ``credentials``.
        credentials: fields of the user entry.
    """
    import yaml  # noqa: PLC0415 - not a dependency of okg itself, and slow to import

    cluster = {"server": server, "certificate-authority-data": b64encode(authority).decode()}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "okg-test", "cluster": cluster}],
        "users": [{"name": user, "user": dict(credentials)}],
        "contexts": [{"name": "okg-test", "context": {"cluster": "okg-test", "user": user}}],
        "current-context": "okg-test",
    }
    return str(yaml.safe_dump(document, sort_keys=False))
