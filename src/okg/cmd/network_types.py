"""``okg networks``: which network types there are and what they can be told. Asks no server."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from okg.cloudprovider.catalog import Catalog, build_catalog
from okg.cloudprovider.options import read_options
from okg.cloudprovider.provider import installed_providers
from okg.cloudprovider.registry import installed_plugins
from okg.cmd import network_check, network_report
from okg.cmd.manifest_files import add_filename, read_sets
from okg.errors import ConfigError


class ListFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags of ``okg networks`` say."""

    type: str
    provider_config: str
    output: str


class CheckFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags of ``okg networks check`` say."""

    filename: Sequence[str]
    provider_config: str
    output: str


def run(arguments: Sequence[str]) -> int:
    """Print network types, or what is wrong with manifests; return the exit code.

    Raises:
        ConfigError: a file cannot be read, or there is no such network type.
    """
    if arguments and arguments[0] == "check":
        return _check(parse_check(arguments[1:]))
    return _list(parse_list(arguments))


def parse_list(arguments: Sequence[str]) -> ListFlags:
    """Read the flags; help and mistakes end the process with 0 and 2."""
    parser = argparse.ArgumentParser(
        prog="okg networks",
        description="Lists the network types of the installed providers, or explains one of them."
        " `okg networks check -f FILE` checks manifests.",
        allow_abbrev=False,
    )
    parser.add_argument("type", nargs="?", default="", metavar="TYPE", help="the one to explain")
    parser.add_argument("-o", "--output", choices=("text", "wide", "json"), default="text")
    _add_provider_config(parser)
    return ListFlags(**vars(parser.parse_args(list(arguments))))


def parse_check(arguments: Sequence[str]) -> CheckFlags:
    """Read the flags; help and mistakes end the process with 0 and 2."""
    parser = argparse.ArgumentParser(
        prog="okg networks check",
        description="Checks the networks of GameServerSets without asking a server.",
        epilog="Exit code: 0 all can work, 2 for mistakes.",
        allow_abbrev=False,
    )
    add_filename(parser)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    _add_provider_config(parser)
    return CheckFlags(**vars(parser.parse_args(list(arguments))))


def _add_provider_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--provider-config",
        default="",
        metavar="FILE",
        help="the manager's; tells which providers are enabled. Without it all count as enabled",
    )


def _list(flags: ListFlags) -> int:
    catalog = _catalog(flags.provider_config)
    if flags.type:
        catalog = _only(catalog, flags.type)
    if flags.output == "json":
        sys.stdout.write(network_report.as_document(catalog))
    elif flags.type or flags.output == "wide":
        sys.stdout.write(network_report.as_pages(catalog))
    else:
        sys.stdout.write(network_report.as_table(catalog))
    return 0


def _check(flags: CheckFlags) -> int:
    catalog = _catalog(flags.provider_config)
    verdicts = [network_check.check(it, catalog) for it in read_sets(flags.filename)]
    as_wanted = network_check.as_document if flags.output == "json" else network_check.as_text
    sys.stdout.write(as_wanted(verdicts))
    return ConfigError.exit_code if any(verdict.problems for verdict in verdicts) else 0


def _catalog(provider_config: str) -> Catalog:
    options = read_options(Path(provider_config)) if provider_config else None
    return build_catalog(installed_providers(), options, installed_plugins())


def _only(catalog: Catalog, name: str) -> Catalog:
    if name in catalog.types:
        return Catalog({name: catalog.types[name]}, {})
    raise ConfigError(network_check.no_such_type(name, catalog))
