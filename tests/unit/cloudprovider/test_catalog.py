"""The network types there are."""

from collections.abc import Iterator

from okg.cloudprovider.catalog import build_catalog
from okg.cloudprovider.features import Features
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.provider import Provider, ProviderOptions
from unit.webhooks.plugins import ScriptedPlugin


class _Options(ProviderOptions, frozen=True, kw_only=True):
    region: str = ""

    def problems(self) -> Iterator[str]:
        if self.region == "nowhere":
            yield "region must be a region"


class _Acme(Provider[_Options]):
    def plugins(self, options: _Options) -> Iterator[NetworkPlugin]:
        yield ScriptedPlugin("Acme-Two")
        yield ScriptedPlugin("Acme-One")


class _PickyOptions(ProviderOptions, frozen=True, kw_only=True):
    key: str


ACME = _Acme("Acme", section="acme", options=_Options)


def test_all_count_as_usable_where_nobody_says_which_are() -> None:
    catalog = build_catalog([ACME])

    assert list(catalog.types) == ["Acme-One", "Acme-Two"]
    assert catalog.types["Acme-One"].provider == "Acme"
    assert not catalog.types["Acme-One"].obstacle


def test_a_plugin_without_a_provider_is_one_of_them() -> None:
    catalog = build_catalog([ACME], {"acme": {"enable": True}}, [ScriptedPlugin("Lone-Net")])

    assert list(catalog.types) == ["Acme-One", "Acme-Two", "Lone-Net"]
    assert (catalog.types["Lone-Net"].provider, catalog.types["Lone-Net"].obstacle) == ("", "")


def test_a_provider_that_is_not_enabled_says_how_to_enable_it() -> None:
    catalog = build_catalog([ACME], {"acme": {"enable": False}})

    expected = "Acme is not enabled: write enable = true under [acme]"
    assert catalog.types["Acme-Two"].obstacle == expected


def test_options_that_make_no_sense_stand_in_the_way() -> None:
    catalog = build_catalog([ACME], {"acme": {"enable": True, "region": "nowhere"}})

    expected = "the options of Acme are invalid: [acme]: region must be a region"
    assert catalog.types["Acme-One"].obstacle == expected


def test_an_enabled_provider_stands_in_nobodys_way() -> None:
    catalog = build_catalog([ACME], {"acme": {"enable": True}})

    assert not catalog.types["Acme-One"].obstacle


def test_network_types_that_cannot_be_made_without_options_are_not_known() -> None:
    class Picky(Provider[_PickyOptions]):
        def plugins(self, options: _PickyOptions) -> Iterator[NetworkPlugin]:
            yield ScriptedPlugin("Picky-Net")

    picky = Picky("Picky", section="picky", options=_PickyOptions)

    expected = {"Picky": "[picky]: Object missing required field `key`"}
    assert build_catalog([picky]).unknown == expected
    usable = build_catalog([picky], {"picky": {"enable": True, "key": "k"}})
    assert list(usable.types) == ["Picky-Net"]


def test_a_plugin_need_not_say_what_it_can() -> None:
    found = build_catalog([ACME]).types["Acme-One"]

    assert found.features == Features()
    assert found.parameters is None
