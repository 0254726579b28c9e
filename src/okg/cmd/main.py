"""The ``okg`` command."""

import sys
from collections.abc import Callable, Mapping, Sequence

from okg.errors import ConfigError

USAGE = """usage: okg COMMAND [flags]

commands:
  manager   run the GameServerSet and GameServer controllers
  networks  list the network types, or check the networks of manifests
  plan      print what applying a GameServerSet would do to its servers
  version   print the version

`okg COMMAND --help` explains the flags of a command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 done, 1 failed, 2 to be corrected by the user."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in {"-h", "--help", "help"}:
        sys.stderr.write(USAGE)
        return 0 if words else 2
    command = _COMMANDS.get(words[0])
    if command is None:
        sys.stderr.write(f"okg: no command {words[0]!r}\n{USAGE}")
        return 2
    try:
        return command(words[1:])
    except ConfigError as error:
        sys.stderr.write(f"okg: {error}\n")
        return error.exit_code


def _manager(arguments: Sequence[str]) -> int:
    # Imported here so that help and version do not wait for the whole library.
    from okg.cmd.manager import run  # noqa: PLC0415

    return run(arguments)


def _networks(arguments: Sequence[str]) -> int:
    from okg.cmd.network_types import run  # noqa: PLC0415

    return run(arguments)


def _plan(arguments: Sequence[str]) -> int:
    from okg.cmd.plan import run  # noqa: PLC0415

    return run(arguments)


def _version(_arguments: Sequence[str]) -> int:
    from importlib.metadata import version  # noqa: PLC0415

    sys.stdout.write(f"okg {version('okg')}\n")
    return 0


_COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "manager": _manager,
    "networks": _networks,
    "plan": _plan,
    "version": _version,
}
