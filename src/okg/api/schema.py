"""Structural OpenAPI schemas from our types.

A type tells names, JSON types and required fields; its docstring describes the object, and an
``Attributes:`` section, the last of the docstring, its fields. What a type cannot tell (formats,
bounds, list semantics, the shape of opaque fields) comes as refinements.
"""

import inspect
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
from msgspec import inspect as types

Schema: TypeAlias = Mapping[str, object]

Refinements: TypeAlias = Mapping[tuple[type[msgspec.Struct], str], Schema | None]
"""By declaring type and attribute: keywords that are merged over the field's schema, or None to
leave the field out of it. An opaque field needs an entry."""

STRING: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
DATE_TIME: Schema = {"type": "string", "format": "date-time"}
INT32: Schema = {"type": "integer", "format": "int32"}
INT64: Schema = {"type": "integer", "format": "int64"}
INT_OR_STRING: Schema = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "x-kubernetes-int-or-string": True,
}
# The pattern that Kubernetes itself gives to resource.Quantity in CustomResourceDefinitions.
_QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
QUANTITY: Schema = {**INT_OR_STRING, "pattern": _QUANTITY}
# The pattern of label values in Kubernetes (apimachinery, validation).
_LABEL_VALUE = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
LABEL_VALUE: Schema = {"maxLength": 63, "pattern": _LABEL_VALUE}
ATOMIC_LIST: Schema = {"x-kubernetes-list-type": "atomic"}
ATOMIC_MAP: Schema = {"x-kubernetes-map-type": "atomic"}
PRESERVE_UNKNOWN: Schema = {"x-kubernetes-preserve-unknown-fields": True}


def object_of(properties: Mapping[str, Schema], *, required: Sequence[str] = ()) -> Schema:
    """Return the schema of an object with these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        **({"required": sorted(required)} if required else {}),
    }


def map_of(values: Schema) -> Schema:
    """Return the schema of an object with free keys."""
    return {"type": "object", "additionalProperties": values}


def array_of(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def list_map(*keys: str) -> Schema:
    """Return the keywords of a list whose items are told apart by these fields."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


def rule(expression: str, message: str) -> Schema:
    """Return the keywords of a rule in CEL, which servers from 1.25 on know."""
    return {"x-kubernetes-validations": [{"rule": expression, "message": message}]}


def described(schema: Schema, description: str) -> Schema:
    """Return a schema with this description, as its first keyword; with none if it is empty."""
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {"description": description, **rest} if description else rest


def struct_schema(kind: type[msgspec.Struct], refinements: Refinements) -> Schema:
    """Return the schema of a type with all that it contains.

    Raises:
        TypeError: a field is opaque and not refined, or of a type that has no schema.
    """
    required = [field.encode_name for field in msgspec.structs.fields(kind) if field.required]
    schema = object_of(struct_properties(kind, refinements), required=required)
    return described(schema, description_of(kind))


def struct_properties(kind: type[msgspec.Struct], refinements: Refinements) -> Mapping[str, Schema]:
    """Return the schemas of a type's fields, by their names on the wire.

    Raises:
        TypeError: as ``struct_schema``.
    """
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    notes = _attribute_notes(kind)
    properties: dict[str, Schema] = {}
    for field in info.fields:
        refinement = _refinement(kind, field.name, refinements)
        if refinement is None:
            continue
        schema = {**_type_schema(field.type, refinements), **refinement}
        if not schema:
            raise TypeError(f"{kind.__name__}.{field.name} is opaque: give it a refinement")
        note = notes.get(field.name) or str(schema.get("description", ""))
        properties[field.encode_name] = described(schema, note)
    return properties


def description_of(kind: type[msgspec.Struct]) -> str:
    """Return the first paragraph of a type's docstring, on one line."""
    return _one_line(inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0])


def _refinement(kind: type, attribute: str, refinements: Refinements) -> Schema | None:
    """Return the refinement of a field that ``kind`` or one of its bases declares."""
    for declaring in kind.__mro__:
        if (declaring, attribute) in refinements:
            return refinements[declaring, attribute]
    return {}


def _type_schema(info: types.Type, refinements: Refinements) -> Schema:  # noqa: PLR0911 - a table
    match info:
        case types.BoolType():
            return BOOLEAN
        case types.IntType():
            return INT32
        case types.StrType():
            return STRING
        case types.DateTimeType():
            return DATE_TIME
        case types.VarTupleType():
            return array_of(_type_schema(info.item_type, refinements))
        case types.DictType():
            return map_of(_type_schema(info.value_type, refinements))
        case types.StructType():
            return struct_schema(info.cls, refinements)
        case types.UnionType():
            return _union_schema(info, refinements)
        case types.RawType():
            return {}
        case _:
            raise TypeError(f"{type(info).__name__} has no schema")


def _union_schema(info: types.UnionType, refinements: Refinements) -> Schema:
    """Return the schema of ``X | None``, ``int | str`` or ``int | str | None``."""
    options = [option for option in info.types if not isinstance(option, types.NoneType)]
    if len(options) == 1:
        return _type_schema(options[0], refinements)
    if {type(option) for option in options} == {types.IntType, types.StrType}:
        return INT_OR_STRING
    raise TypeError(f"a union of {len(options)} types has no schema")


def _attribute_notes(kind: type) -> dict[str, str]:
    """Return what the docstrings of a type and its bases say of each attribute."""
    notes: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        section = inspect.cleandoc(base.__doc__ or "").partition("\nAttributes:\n")[2]
        # Continuation lines are indented, so a name at the start of a line opens an entry.
        _, *parts = re.split(r"^(\w+): ", textwrap.dedent(section), flags=re.MULTILINE)
        notes |= zip(parts[::2], map(_one_line, parts[1::2]), strict=True)
    return notes


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "").split())
