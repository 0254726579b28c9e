"""Code in the documentation that needs no server."""

from pathlib import Path

import pytest

from doc_examples import NETWORKS, PAGES, block, broken_links, example, network_manifest
from okg.cloudprovider.catalog import build_catalog
from okg.cloudprovider.options import read_options
from okg.cloudprovider.provider import installed_providers
from okg.cmd.main import main
from okg.cmd.network_check import Verdict, check

CATALOG = build_catalog(installed_providers())
LOBBY = """\
apiVersion: game.kruise.io/v1alpha1
kind: GameServerSet
metadata: {name: lobby, namespace: games}
spec:
  network:
    networkType: AlibabaCloud-NLB
    networkConf:
    - {name: NlbID, value: nlb-1}
    - {name: PortProtocols, value: 7777/UDP}
    - {name: LBHealthCheckInterval, value: often}
"""


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    assert broken_links(page) == []


def test_the_fake_server_example_runs() -> None:
    exec(compile(example("embedding.md", "fake"), "fake", "exec"), {})


def test_the_plugin_on_the_page_about_providers_works() -> None:
    code = example("providers.md", "plugin") + example("providers.md", "values")

    exec(compile(code, "plugin", "exec"), {})


@pytest.mark.parametrize("network_type", NETWORKS)
def test_the_set_on_the_page_of_a_network_type_can_work(network_type: str) -> None:
    verdict = check(network_manifest(network_type), CATALOG)

    assert verdict == Verdict(namespace="", name="lobby", network_type=network_type)


def test_the_check_that_the_page_shows_says_what_it_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lobby.yaml").write_text(LOBBY)
    monkeypatch.chdir(tmp_path)
    command, _, expected = block("networks.md", "").partition("\n")

    exit_code = main(command.removeprefix("$ okg ").split())

    assert exit_code == 2
    assert capsys.readouterr().out == expected


def test_the_provider_options_that_the_page_shows_enable_what_they_say(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(block("networks.md", "toml"))

    types = build_catalog(installed_providers(), read_options(file)).types

    assert not types["Kubernetes-HostPort"].obstacle
    assert not types["AlibabaCloud-Multi-NLBs"].obstacle
    assert types["JdCloud-NLB"].obstacle
