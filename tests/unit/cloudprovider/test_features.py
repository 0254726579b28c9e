"""What network types say they do."""

import pytest

from okg.cloudprovider.catalog import NetworkType, build_catalog
from okg.cloudprovider.provider import installed_providers

TYPES = build_catalog(installed_providers()).types


@pytest.mark.parametrize("found", TYPES.values(), ids=lambda it: it.name)
def test_every_network_type_of_ours_says_what_it_does_and_what_it_can_be_told(
    found: NetworkType,
) -> None:
    assert found.features.reach
    assert found.parameters is not None
    assert all(parameter.meaning for parameter in found.parameters)


@pytest.mark.parametrize("found", TYPES.values(), ids=lambda it: it.name)
def test_what_keeps_an_address_can_be_told(found: NetworkType) -> None:
    name = found.features.keeps.partition("=")[0]

    assert name in {"", "the server's number", *(it.name for it in found.parameters or ())}
