"""What a template consists of once it is read.

Offsets are in characters, for messages.
"""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from okg.workload.gotemplate.values import Value


class Constant(msgspec.Struct, frozen=True):
    """A text, number, character, truth value or, as None, ``nil``."""

    value: Value
    offset: int


class Dot(msgspec.Struct, frozen=True):
    """``.``: what the action is about at the moment."""

    offset: int


class Variable(msgspec.Struct, frozen=True):
    """``$`` or ``$name``."""

    name: str
    offset: int


class Function(msgspec.Struct, frozen=True):
    """The name of a function."""

    name: str
    offset: int


class Fields(msgspec.Struct, frozen=True):
    """``.A.B`` of something."""

    base: "Operand"
    names: tuple[str, ...]
    offset: int


class Pipeline(msgspec.Struct, frozen=True):
    """``$a := command | command``.

    Attributes:
        names: variables that get the value; two only in ``range``.
        declares: whether the variables are new.
        commands: each gets the value of the one before as its last argument.
        offset: where it begins.
    """

    names: tuple[str, ...]
    declares: bool
    commands: tuple["Command", ...]
    offset: int


Operand: TypeAlias = Constant | Dot | Variable | Function | Fields | Pipeline


class Command(msgspec.Struct, frozen=True):
    """A function and its arguments, or a lone operand."""

    head: Operand
    arguments: tuple[Operand, ...]


class Text(msgspec.Struct, frozen=True):
    """What is written as it is."""

    text: bytes


class Show(msgspec.Struct, frozen=True):
    """``{{pipeline}}``: writes the value, unless it goes into a variable."""

    pipeline: Pipeline


class Choose(msgspec.Struct, frozen=True):
    """``if`` or ``with``: the first branch whose pipeline is true, or what comes after ``else``.

    Attributes:
        branches: pipelines and what each leads to.
        otherwise: for when none is true.
        moves_dot: whether the dot becomes the value, as in ``with``.
    """

    branches: tuple[tuple[Pipeline, "Body"], ...]
    otherwise: "Body"
    moves_dot: bool


class Repeat(msgspec.Struct, frozen=True):
    """``range``."""

    pipeline: Pipeline
    body: "Body"
    otherwise: "Body"


class Leave(msgspec.Struct, frozen=True):
    """``break`` or ``continue``."""

    for_good: bool


class Include(msgspec.Struct, frozen=True):
    """``template``: another template, with the pipeline's value as its dot."""

    name: str
    pipeline: Pipeline | None
    offset: int


Statement: TypeAlias = Text | Show | Choose | Repeat | Leave | Include
Body: TypeAlias = tuple[Statement, ...]
Templates: TypeAlias = Mapping[str, Body]

MAIN = "field"
"""Name under which the whole text can call itself, and be replaced; as in OpenKruiseGame."""
