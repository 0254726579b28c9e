"""The names that embedders import from the package itself."""

import subprocess
import sys

import pytest

import okg
from okg.api import coordination, core, game, kruise, meta


@pytest.mark.parametrize("name", okg.__all__)
def test_every_public_name_can_be_imported_and_is_documented(name: str) -> None:
    found = getattr(okg, name)

    assert found.__doc__


def test_the_list_of_public_names_is_sorted() -> None:
    assert list(okg.__all__) == sorted(okg.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        getattr(okg, "Nothing")  # noqa: B009 - a name the type checker need not know


def test_importing_the_package_loads_none_of_its_parts() -> None:
    code = "import okg, sys; print([m for m in sys.modules if m.startswith('okg.')])"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert result.stdout.strip() == b"[]"


@pytest.mark.parametrize("module", [coordination, core, game, kruise, meta])
def test_every_value_is_frozen_untracked_and_leaves_defaults_out(module: object) -> None:
    kinds = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, meta.Value)
    ]

    settings = {
        (c.frozen, c.gc, c.omit_defaults) for c in (kind.__struct_config__ for kind in kinds)
    }

    assert settings == {(True, False, True)}
