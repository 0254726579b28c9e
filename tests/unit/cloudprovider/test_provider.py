"""Network types that installed vendors offer, by the options."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from okg.cloudprovider.options import SHIPPED, Section
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.provider import (
    Offer,
    Provider,
    ProviderOptions,
    Site,
    installed_providers,
    offer,
)
from okg.cloudprovider.registry import Registry
from okg.cloudprovider.start import PluginStart
from okg.context import Context
from unit.controllers.memory import MemoryClient
from unit.webhooks.plugins import ScriptedPlugin

SITE = Site("system")


class FixedIpOptions(ProviderOptions, frozen=True, kw_only=True):
    pool: str = ""

    def problems(self) -> Iterator[str]:
        if not self.pool:
            yield "pool must be the name of a pool"


class FixedIp(ScriptedPlugin):
    def __init__(self, options: FixedIpOptions) -> None:
        super().__init__("MyCloud-FixedIP")
        self.options = options


class MyCloud(Provider[FixedIpOptions]):
    def plugins(self, options: FixedIpOptions) -> Iterable[NetworkPlugin]:
        yield FixedIp(options)


class CamelOptions(ProviderOptions, frozen=True, kw_only=True, rename="camel"):
    region_id: str = ""


class Broken(Provider[ProviderOptions]):
    def plugins(self, options: ProviderOptions) -> Iterable[NetworkPlugin]:
        raise LookupError("no credentials")


provider = MyCloud("MyCloud", section="mycloud", options=FixedIpOptions)
"""What the entry points of these tests name."""


def _offer(section: Section) -> Offer:
    return offer([provider], {"mycloud": section}, SITE)


def test_a_plugin_is_made_with_the_options_of_its_section_and_the_managers_namespace() -> None:
    [plugin] = _offer({"enable": True, "pool": "p", "unknown": 3}).plugins

    assert isinstance(plugin, FixedIp)
    assert plugin.options == FixedIpOptions(enable=True, pool="p", manager_namespace="system")


def test_a_provider_to_which_nothing_could_be_told_is_refused() -> None:
    with pytest.raises(ValueError, match="provider X: write myCloud, regionId in lower case"):
        Broken("X", section="myCloud", options=CamelOptions)


def test_providers_that_are_enabled_are_counted_by_their_network_types() -> None:
    assert _offer({"enable": True, "pool": "p"}).counts == {"MyCloud": 1}


@pytest.mark.parametrize("section", [{}, {"enable": False, "pool": 3}, {"pool": "p"}])
def test_a_section_that_is_not_enabled_offers_nothing_and_may_be_wrong(section: Section) -> None:
    assert _offer(section) == Offer([], {}, {})


def test_a_section_that_is_not_there_offers_nothing() -> None:
    assert offer([provider], {}, SITE) == Offer([], {}, {})


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"enable": True}, "[mycloud]: pool must be the name of a pool"),
        ({"enable": True, "pool": 3}, "[mycloud]: Expected `str`, got `int` - at `$.pool`"),
        ({"enable": "yes"}, "[mycloud]: Expected `bool`, got `str` - at `$.enable`"),
        (3, "[mycloud]: Expected `object`, got `int`"),
    ],
)
def test_options_that_make_no_sense_are_told_by_section_and_key(
    section: Section, message: str
) -> None:
    assert _offer(section) == Offer([], {"MyCloud": message}, {})


def test_a_provider_that_fails_keeps_no_other_from_its_network_types() -> None:
    broken = Broken("Broken", section="broken", options=ProviderOptions)
    options: Mapping[str, Section] = {
        "broken": {"enable": True},
        "mycloud": {"enable": True, "pool": "p"},
    }

    with capture_logs() as logs:
        found = offer([broken, provider], options, SITE)

    assert [plugin.name for plugin in found.plugins] == ["MyCloud-FixedIP"]
    assert found.failures == {"Broken": "[broken]: LookupError: no credentials"}
    assert [(line["event"], line["provider"]) for line in logs] == [("a provider failed", "Broken")]


def test_providers_are_found_by_their_entry_points_and_what_is_none_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    information = tmp_path / "some_cloud-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: some-cloud\nVersion: 1\n")
    (information / "entry_points.txt").write_text(
        "[okg.test_providers]\ngood = unit.cloudprovider.test_provider:provider\n"
        "gone = unit.no_such:provider\nother = unit.cloudprovider.test_provider:SITE\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    with capture_logs() as logs:
        found = installed_providers("okg.test_providers")

    assert [each.name for each in found] == ["MyCloud"]
    assert [(line["event"], line["provider"]) for line in logs] == [
        ("a provider was left out", "gone"),
        ("a provider was left out: it is none", "other"),
    ]


def test_the_vendors_of_this_distribution_are_installed_like_any_other() -> None:
    found = {each.name: each.section for each in installed_providers()}

    assert found == {
        "AlibabaCloud": "alibabacloud",
        "AmazonsWebServices": "aws",
        "HwCloud": "hwcloud",
        "Jdcloud": "jdcloud",
        "Kubernetes": "kubernetes",
        "TencentCloud": "tencentcloud",
        "Volcengine": "volcengine",
    }


def test_what_is_shipped_enables_what_the_go_manager_enables() -> None:
    found = offer(installed_providers(), SHIPPED, SITE)

    assert found.failures == {}
    assert {plugin.name.split("-")[0] for plugin in found.plugins} == {
        "AlibabaCloud",
        "HwCloud",
        "Kubernetes",
        "TencentCloud",
        "Volcengine",
    }


def test_all_network_types_start_and_no_two_have_one_name() -> None:
    everything = {name: {**section, "enable": True} for name, section in SHIPPED.items()}
    found = offer(installed_providers(), everything, SITE)

    with capture_logs() as logs:
        PluginStart(Registry(found.plugins), MemoryClient()).run(Context())

    assert [line["event"] for line in logs] == [
        "initializing cloud provider manager",
        "cloud provider manager initialized successfully",
    ]
