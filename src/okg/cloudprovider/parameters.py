"""Parameters: what a network type can be told, declared once.

One declaration serves the reading of a pod's configuration, the check of a new set, the
documentation and ``okg networks``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar, cast

import msgspec

from okg.api.game import NetworkConfParam
from okg.cloudprovider.grammar import Grammar, Reading
from okg.cloudprovider.plugin import PluginError, PluginErrorType

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_SHOWN = 60
"""Characters of a value that a message repeats."""


class Parameter(msgspec.Struct, Generic[T_co], frozen=True, kw_only=True, eq=False):
    """One parameter.

    Attributes:
        name: in ``networkConf``.
        grammar: of its values.
        meaning: for users, in a few words.
        strict: whether a malformed value keeps even a stored set's pods from having a network;
            else the well formed rest is taken.
        refusal: what kind of failure that is.
        required: whether there is no network without it.
        changeable: whether a change reaches servers that run.
        names_containers: whether its values are, or are kept by, names of containers.
    """

    name: str
    grammar: Grammar[T_co]
    meaning: str
    strict: bool = False
    refusal: PluginErrorType = PluginErrorType.PARAMETER
    required: bool = False
    changeable: bool = True
    names_containers: bool = False


class Parameters:
    """The parameters of one network type.

    Args:
        declared: all of them, in the order of the documentation.
        takes_others: whether entries of other names mean something, too.
        rules: what is wrong with a configuration whose parts are well formed.
    """

    def __init__(
        self,
        *declared: Parameter[object],
        takes_others: bool = False,
        rules: "Callable[[Conf], Iterable[str]]" = lambda _: (),
    ) -> None:
        self._declared = {parameter.name: parameter for parameter in declared}
        self.takes_others = takes_others
        self._rules = rules

    def __iter__(self) -> Iterator[Parameter[object]]:
        """Return the parameters in order."""
        return iter(self._declared.values())

    def read(self, entries: Sequence[NetworkConfParam]) -> "Conf":
        """Understand a configuration.

        Raises:
            PluginError: it cannot work.
        """
        conf = Conf(self, entries)
        for parameter, reading in conf.readings():
            if reading.faults and parameter.strict:
                raise PluginError(parameter.refusal, _say(parameter, reading.faults))
        for broken in self._rules(conf):
            raise PluginError(PluginErrorType.PARAMETER, broken)
        return conf

    def problems(self, entries: Sequence[NetworkConfParam]) -> Iterator[str]:
        """Yield what is wrong with a new configuration."""
        conf = Conf(self, entries)
        yield from [it.text for it in _broken(conf)] or self._rules(conf)

    def obstacles(self, entries: Sequence[NetworkConfParam]) -> Iterator[str]:
        """Yield why there is no network with a configuration."""
        conf = Conf(self, entries)
        yield from [it.text for it in _broken(conf) if it.fatal] or self._rules(conf)

    def doubts(self, entries: Sequence[NetworkConfParam]) -> Iterator[str]:
        """Yield what is malformed and passed over where it is stored already."""
        return (it.text for it in _broken(Conf(self, entries)) if not it.fatal)

    def containers(self, entries: Sequence[NetworkConfParam]) -> Iterator[tuple[str, str]]:
        """Yield the containers that a configuration is about, with the parameters that say so."""
        for parameter, reading in Conf(self, entries).readings():
            if parameter.names_containers:
                for name in cast("Iterable[str]", reading.value):
                    yield parameter.name, name

    def unknown(self, entries: Sequence[NetworkConfParam]) -> Sequence[str]:
        """Return the names that mean nothing here."""
        if self.takes_others:
            return ()
        return sorted({entry.name for entry in entries} - self._declared.keys())


class Conf:
    """A configuration as values: ``conf[PARAMETER]``.

    Args:
        parameters: which there are.
        entries: what was written.
    """

    def __init__(self, parameters: Parameters, entries: Sequence[NetworkConfParam]) -> None:
        self._parameters = parameters
        self._entries = entries
        self._readings: Mapping[str, Reading[object]] = {
            parameter.name: self._read(parameter) for parameter in parameters
        }

    def __getitem__(self, parameter: Parameter[T]) -> T:
        """Return what was written, or the default."""
        return cast("Reading[T]", self._readings[parameter.name]).value

    def given(self, parameter: Parameter[object]) -> bool:
        """Whether there is an entry of this name."""
        return any(entry.name == parameter.name for entry in self._entries)

    def entries(self) -> Mapping[str, str]:
        """Return all entries; the last of a name counts."""
        return {entry.name: entry.value for entry in self._entries}

    def others(self) -> Mapping[str, str]:
        """Return the entries of names that no parameter has; the last of a name counts."""
        return {name: it for name, it in self.entries().items() if name not in self._readings}

    def readings(self) -> Iterator[tuple[Parameter[object], Reading[object]]]:
        """Yield each parameter with what was understood."""
        return ((parameter, self._readings[parameter.name]) for parameter in self._parameters)

    def _read(self, parameter: Parameter[T]) -> Reading[T]:
        texts = [entry.value for entry in self._entries if entry.name == parameter.name]
        return parameter.grammar.read(texts) if texts else Reading(parameter.grammar.default)


def parameters_of(plugin: object) -> Parameters | None:
    """Return what a network plugin can be told; None if it does not declare it."""
    found = getattr(plugin, "parameters", None)
    return found if isinstance(found, Parameters) else None


class _Broken(msgspec.Struct, frozen=True):
    """A part of a configuration that is missing or malformed.

    Attributes:
        text: what is said of it.
        fatal: whether it leaves no network.
    """

    text: str
    fatal: bool


def _broken(conf: Conf) -> Iterator[_Broken]:
    for parameter, reading in conf.readings():
        if reading.faults:
            fatal = parameter.strict or (parameter.required and not reading.value)
            yield _Broken(_say(parameter, reading.faults), fatal)
        elif parameter.required and not (conf.given(parameter) and reading.value):
            text = f"{parameter.name} is missing; write {parameter.grammar.description}"
            yield _Broken(text, fatal=True)


def _say(parameter: Parameter[object], faults: Sequence[str]) -> str:
    found = ", ".join(f'"{fault[:_SHOWN]}"' for fault in faults)
    return f"{parameter.name}: {found} is malformed; write {parameter.grammar.description}"
