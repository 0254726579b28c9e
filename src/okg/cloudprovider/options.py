"""Provider options: the TOML file that says which clouds there are and which ports may be given.

Its form, its names and its rules are those of the Go manager. Names of keys are read in whatever
case they are written, unknown keys are passed over.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self, TypeAlias, TypeVar, cast

import msgspec
from msgspec.structs import replace

from okg.cloudprovider.ports import PortRange
from okg.errors import ConfigError

T = TypeVar("T")

Section: TypeAlias = Mapping[str, object]
"""One provider's part of the file, keys in lower case."""

Rule: TypeAlias = tuple[bool, str]
"""Whether it holds, and what it asks for."""

HIGHEST_PORT = 65535

SHIPPED: Mapping[str, Section] = {
    "kubernetes": {"enable": True, "hostport": {"min_port": 8000, "max_port": 9000}},
    "alibabacloud": {
        "enable": True,
        "slb": {"min_port": 500, "max_port": 700, "block_ports": [593]},
        "nlb": {"min_port": 1000, "max_port": 1502, "block_ports": [1025, 1434, 1068]},
    },
    "volcengine": {
        "enable": True,
        "clb": {"min_port": 550, "max_port": 600, "block_ports": [593]},
    },
    "aws": {"enable": False, "nlb": {"min_port": 30001, "max_port": 30050}},
    "tencentcloud": {"enable": True, "clb": {"min_port": 700, "max_port": 750}},
    "jdcloud": {"enable": False, "nlb": {"min_port": 500, "max_port": 700}},
    "hwcloud": {
        "enable": True,
        "elb": {"min_port": 500, "max_port": 700, "block_ports": []},
        "cce": {"elb": {"min_port": 32768, "max_port": 65535, "block_ports": []}},
    },
}
"""What the Go manager's manifests carry; used where there is no file."""


class InvalidOptions(ConfigError):
    """A provider's options make no sense, so it cannot be used; the others can."""


class PoolOptions(msgspec.Struct, frozen=True):
    """The ports of a pool.

    Attributes:
        min_port: the first.
        max_port: the last, or the first that is not in it any more, as the provider has it.
        block_ports: those that are never given.
    """

    min_port: int = 0
    max_port: int = 0
    block_ports: tuple[int, ...] = ()

    def inclusive(self) -> PortRange:
        """Return the range that ``max_port`` is part of."""
        return self._until(self.max_port)

    def exclusive(self) -> PortRange:
        """Return the range that ends before ``max_port``."""
        return self._until(self.max_port - 1)

    def unblocked(self) -> Self:
        """Return the pool of a cloud where no port can be blocked."""
        return replace(self, block_ports=())

    def _until(self, last: int) -> PortRange:
        """Return the range up to a port; empty if that comes before the first."""
        high = max(min(last, HIGHEST_PORT), self.min_port - 1)
        blocked = tuple(port for port in self.block_ports if self.min_port <= port <= high)
        return PortRange(low=self.min_port, high=high, blocked=blocked)


def read_options(path: Path) -> Mapping[str, Section]:
    """Return the sections of a file by name.

    Raises:
        ConfigError: it cannot be read, or is no TOML.
    """
    try:
        document = _lowered(tomllib.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise ConfigError(f"--provider-config: cannot read {path}: {error}") from error
    return cast("Mapping[str, Section]", document)


def decode(section: Section, kind: type[T], name: str) -> T:
    """Return a section as a value.

    Raises:
        InvalidOptions: a member has the wrong type.
    """
    try:
        return msgspec.convert(section, kind)
    except msgspec.ValidationError as error:
        raise InvalidOptions(f"[{name}]: {error}") from error


def broken(*rules: Rule) -> Iterator[str]:
    """Yield what the rules ask for that do not hold."""
    return (wanted for holds, wanted in rules if not holds)


def positive(key: str, pool: PoolOptions) -> Rule:
    """Return the rule that there is no port 0."""
    return pool.min_port > 0, f"{key}.min_port must be greater than 0"


def bounded(key: str, pool: PoolOptions) -> Rule:
    """Return the rule that there are no ports that no protocol has."""
    return pool.max_port <= HIGHEST_PORT, f"{key}.max_port must be at most {HIGHEST_PORT}"


def blocked_between(key: str, pool: PoolOptions) -> Rule:
    """Return the rule that blocked ports lie between the first and the last."""
    holds = all(pool.min_port < port < pool.max_port for port in pool.block_ports)
    return holds, f"{key}.block_ports must lie between {key}.min_port and {key}.max_port"


def _lowered(value: object) -> object:
    """Return tables with their keys in lower case, anything else as it is."""
    if not isinstance(value, dict):
        return value
    table = cast("Section", value)
    return {key.lower(): _lowered(member) for key, member in table.items()}
