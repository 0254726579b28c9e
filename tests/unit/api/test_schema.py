from collections.abc import Mapping
from datetime import datetime

import msgspec
import pytest

from okg.api.meta import IntOrString, Opaque, Value
from okg.api.schema import QUANTITY, Schema, list_map, struct_properties, struct_schema


class Wheel(Value, frozen=True, kw_only=True):
    """Something round."""

    radius: int


class Vehicle(Value, frozen=True, kw_only=True):
    """Something that moves.

    This paragraph is for developers.

    Attributes:
        top_speed: How fast it goes, in
            ``km/h``.
        wheels: What it stands on.
    """

    name: str
    top_speed: int = 0
    fast: bool = False
    made_at: datetime | None = None
    plates: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    height: IntOrString | None = None
    wheels: tuple[Wheel, ...] | None = None
    spare: Wheel | None = None
    vehicle_id: str = msgspec.field(name="vehicleID", default="")


class Car(Vehicle, frozen=True, kw_only=True):
    """A vehicle with doors."""

    doors: int


class Trailer(Value, frozen=True, kw_only=True):
    """Something to pull."""

    load: Opaque = Opaque()


class Scale(Value, frozen=True, kw_only=True):
    """Something that weighs."""

    weight: float = 0.0


class Mixed(Value, frozen=True, kw_only=True):
    """Something undecided."""

    value: str | bool = ""


def test_every_json_type_has_its_schema() -> None:
    properties = struct_properties(Vehicle, {})

    assert properties == {
        "name": {"type": "string"},
        "topSpeed": {
            "description": "How fast it goes, in km/h.",
            "type": "integer",
            "format": "int32",
        },
        "fast": {"type": "boolean"},
        "madeAt": {"type": "string", "format": "date-time"},
        "plates": {"type": "array", "items": {"type": "string"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "height": {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
        },
        "wheels": {
            "description": "What it stands on.",
            "type": "array",
            "items": {
                "description": "Something round.",
                "type": "object",
                "properties": {"radius": {"type": "integer", "format": "int32"}},
                "required": ["radius"],
            },
        },
        "spare": {
            "description": "Something round.",
            "type": "object",
            "properties": {"radius": {"type": "integer", "format": "int32"}},
            "required": ["radius"],
        },
        "vehicleID": {"type": "string"},
    }


def test_the_first_paragraph_of_the_docstring_describes_the_object() -> None:
    schema = struct_schema(Vehicle, {})

    assert schema["description"] == "Something that moves."
    assert schema["type"] == "object"


def test_fields_without_a_default_are_required_in_order_of_name() -> None:
    schema = struct_schema(Car, {})

    assert schema["required"] == ["doors", "name"]


def test_a_type_without_required_fields_has_no_such_keyword() -> None:
    schema = struct_schema(Trailer, {(Trailer, "load"): {"type": "object"}})

    assert schema == {
        "description": "Something to pull.",
        "type": "object",
        "properties": {"load": {"type": "object"}},
    }


def test_inherited_fields_keep_their_description() -> None:
    properties = struct_properties(Car, {})

    assert properties["wheels"]["description"] == "What it stands on."


def test_a_refinement_adds_to_the_schema_of_a_field() -> None:
    properties = struct_properties(Wheel, {(Wheel, "radius"): {"minimum": 0}})

    assert properties == {"radius": {"type": "integer", "format": "int32", "minimum": 0}}


def test_a_refinement_replaces_keywords_of_a_field() -> None:
    properties = struct_properties(Wheel, {(Wheel, "radius"): {"format": "int64"}})

    assert properties == {"radius": {"type": "integer", "format": "int64"}}


def test_a_refinement_holds_for_subclasses() -> None:
    properties = struct_properties(Car, {(Vehicle, "plates"): list_map("number")})

    assert properties["plates"] == {
        "type": "array",
        "items": {"type": "string"},
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["number"],
    }


def test_a_refinement_of_a_subclass_wins() -> None:
    properties = struct_properties(
        Car, {(Vehicle, "name"): {"pattern": "a"}, (Car, "name"): {"pattern": "b"}}
    )

    assert properties["name"] == {"type": "string", "pattern": "b"}


def test_a_refinement_holds_inside_other_types() -> None:
    properties = struct_properties(Vehicle, {(Wheel, "radius"): {"minimum": 1}})

    assert properties["spare"]["properties"] == {
        "radius": {"type": "integer", "format": "int32", "minimum": 1}
    }


def test_a_refinement_of_none_leaves_a_field_out() -> None:
    properties = struct_properties(Wheel, {(Wheel, "radius"): None})

    assert properties == {}


def test_an_opaque_field_needs_a_refinement() -> None:
    with pytest.raises(TypeError, match=r"Trailer\.load is opaque"):
        struct_schema(Trailer, {})


def test_the_description_of_a_refinement_comes_first() -> None:
    load: Schema = {"type": "object", "description": "Bricks."}

    properties = struct_properties(Trailer, {(Trailer, "load"): load})

    assert list(properties["load"]) == ["description", "type"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        pytest.param(Scale, "FloatType has no schema", id="number"),
        pytest.param(Mixed, "a union of 2 types has no schema", id="union"),
    ],
)
def test_a_type_that_kubernetes_has_no_schema_for_is_refused(
    kind: type[msgspec.Struct], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        struct_schema(kind, {})


def test_a_quantity_is_a_number_or_a_string_of_a_pattern() -> None:
    assert QUANTITY == {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "x-kubernetes-int-or-string": True,
        "pattern": (
            r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|"
            r"([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
        ),
    }
