from base64 import b64encode
from pathlib import Path

import pytest
import yaml

from okg.errors import ConfigError
from okg.testing.certificates import KeyPair
from okg.testing.existing import Access, read_access
from okg.testing.kubeconfig import certificate_credentials, kubeconfig_text, token_credentials

SERVER = "https://127.0.0.1:16443"


def test_a_kubeconfig_has_one_context_that_is_current() -> None:
    text = kubeconfig_text(
        server=SERVER,
        authority=b"ca",
        user="system:serviceaccount:default:x",
        credentials=token_credentials("secret"),
    )

    assert yaml.safe_load(text) == {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "okg-test",
                "cluster": {"server": SERVER, "certificate-authority-data": "Y2E="},
            }
        ],
        "users": [{"name": "system:serviceaccount:default:x", "user": {"token": "secret"}}],
        "contexts": [
            {
                "name": "okg-test",
                "context": {"cluster": "okg-test", "user": "system:serviceaccount:default:x"},
            }
        ],
        "current-context": "okg-test",
    }


def test_access_by_certificate_survives_the_way_through_a_file(tmp_path: Path) -> None:
    credentials = certificate_credentials(KeyPair(public=b"certificate", private=b"key"))
    file = tmp_path / "kubeconfig"
    file.write_text(
        kubeconfig_text(server=SERVER, authority=b"ca", user="alice", credentials=credentials)
    )

    assert read_access(file) == Access(
        server=SERVER, authority=b"ca", certificate=b"certificate", key=b"key"
    )


def test_files_named_in_a_kubeconfig_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"ca from a file")
    data = b64encode(b"unused").decode()
    text = kubeconfig_text(
        server=SERVER, authority=b"unused", user="bob", credentials=token_credentials("secret")
    )
    file = tmp_path / "kubeconfig"
    file.write_text(
        text.replace(f"certificate-authority-data: {data}", "certificate-authority: ca.pem")
    )

    assert read_access(file) == Access(server=SERVER, authority=b"ca from a file", token="secret")


def test_a_user_with_neither_token_nor_certificate_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(kubeconfig_text(server=SERVER, authority=b"ca", user="eve", credentials={}))

    with pytest.raises(ConfigError, match="a token or a client certificate"):
        read_access(file)


def test_a_missing_kubeconfig_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be used for tests"):
        read_access(tmp_path / "nowhere")
