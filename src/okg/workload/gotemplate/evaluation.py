"""Carries out what a template says."""

from collections.abc import Sequence
from typing import NamedTuple

from okg.workload.gotemplate.fault import Fault, located
from okg.workload.gotemplate.formatting import show
from okg.workload.gotemplate.functions import FUNCTIONS, Callee
from okg.workload.gotemplate.limits import BYTES_PER_STEP, MAX_DEPTH, MAX_STEPS, MAX_TEXT
from okg.workload.gotemplate.nodes import (
    MAIN,
    Body,
    Choose,
    Command,
    Constant,
    Dot,
    Fields,
    Function,
    Include,
    Leave,
    Operand,
    Pipeline,
    Repeat,
    Show,
    Statement,
    Templates,
    Text,
    Variable,
)
from okg.workload.gotemplate.values import Byte, Root, Value, is_true, type_name


def evaluate(templates: Templates, result: bytes) -> bytes:
    """Return what a template writes.

    Raises:
        Fault: it fails, or goes beyond the limits.
    """
    evaluation = _Evaluation(templates)
    root = Root(result)
    evaluation.run(templates[MAIN], _Place(root, [("$", root)], 0))
    return b"".join(evaluation.output)


class _Place(NamedTuple):
    """What names stand for where the evaluation is.

    Attributes:
        dot: what ``.`` is.
        variables: names and values, the newest last; shared with the places around.
        depth: how many bodies are open.
    """

    dot: Value
    variables: list[tuple[str, Value]]
    depth: int


class _Left(Exception):
    """``break`` or ``continue`` on its way to its ``range``."""

    def __init__(self, *, for_good: bool) -> None:
        super().__init__(for_good)
        self.for_good = for_good


class _Evaluation:
    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._steps = 0
        self._size = 0
        self.output: list[bytes] = []

    def run(self, body: Body, place: _Place) -> None:
        if place.depth > MAX_DEPTH:
            raise Fault(f"templates and actions go more than {MAX_DEPTH} deep")
        for statement in body:
            self._step()
            self._run(statement, place)

    # Statements

    def _run(self, statement: Statement, place: _Place) -> None:
        match statement:
            case Text(text):
                self._write(text)
            case Show(pipeline):
                value = self._pipeline(pipeline, place)
                if not pipeline.names:
                    self._write(b"<no value>" if value is None else show(value))
            case Choose():
                self._choose(statement, place)
            case Repeat():
                self._repeat(statement, place)
            case Include():
                self._include(statement, place)
            case Leave(for_good):
                raise _Left(for_good=for_good)

    def _write(self, text: bytes) -> None:
        self._size += len(text)
        if self._size > MAX_TEXT:
            raise Fault(f"the output is longer than {MAX_TEXT} bytes")
        self.output.append(text)

    def _choose(self, choose: Choose, place: _Place) -> None:
        known = len(place.variables)
        inner = place._replace(depth=place.depth + 1)
        for pipeline, body in choose.branches:
            value = self._pipeline(pipeline, place)
            if is_true(value):
                self.run(body, inner._replace(dot=value) if choose.moves_dot else inner)
                break
        else:
            self.run(choose.otherwise, inner)
        del place.variables[known:]

    def _repeat(self, repeat: Repeat, place: _Place) -> None:
        known = len(place.variables)
        inner = place._replace(depth=place.depth + 1)
        elements = _elements(self._pipeline(repeat.pipeline, place), repeat.pipeline)
        outside = len(place.variables)
        for element in elements:
            self._step()
            self._count(repeat.pipeline, element, place)
            try:
                self.run(repeat.body, inner._replace(dot=element))
            except _Left as left:
                if left.for_good:
                    break
            del place.variables[outside:]
        if not elements:
            self.run(repeat.otherwise, inner)
        del place.variables[known:]

    def _count(self, pipeline: Pipeline, element: Value, place: _Place) -> None:
        """Give the variable of a `range` its next value; a new one is the newest variable."""
        for name in pipeline.names:
            if pipeline.declares:
                place.variables[-1] = name, element
            else:
                _assign(name, element, pipeline, place)

    def _include(self, include: Include, place: _Place) -> None:
        body = self._templates.get(include.name)
        if body is None:
            raise Fault(f'there is no template "{include.name}"', include.offset)
        dot = self._pipeline(include.pipeline, place) if include.pipeline else None
        with located(include.offset):
            self.run(body, _Place(dot, [("$", dot)], place.depth + 1))

    # Values

    def _pipeline(self, pipeline: Pipeline, place: _Place) -> Value:
        first, *rest = pipeline.commands
        value = self._command(first, place, ())
        for command in rest:
            value = self._command(command, place, (value,))
        for name in pipeline.names:
            if pipeline.declares:
                place.variables.append((name, value))
            else:
                _assign(name, value, pipeline, place)
        return value

    def _command(self, command: Command, place: _Place, piped: tuple[Value, ...]) -> Value:
        head = command.head
        if isinstance(head, Function):
            return self._call(head, place, command.arguments, piped)
        if command.arguments or piped:
            raise Fault("this is no function, so it takes no arguments", head.offset)
        if isinstance(head, Constant) and head.value is None:
            raise Fault("nil is no value of its own, only an argument", head.offset)
        return self._operand(head, place)

    def _operand(self, operand: Operand, place: _Place) -> Value:
        self._step()
        match operand:
            case Constant(value):
                return value
            case Dot():
                return place.dot
            case Variable():
                return place.variables[_find(operand.name, operand.offset, place)][1]
            case Fields():
                return self._fields(operand, place)
            case Function():
                return self._call(operand, place)
            case Pipeline():
                return self._pipeline(operand, place)

    def _fields(self, fields: Fields, place: _Place) -> Value:
        value = self._operand(fields.base, place)
        for name in fields.names:
            match value:
                case Root() if name == "Result":
                    value = value.result
                case None:
                    return None
                case _:
                    raise Fault(f"there is no field .{name}, only .Result", fields.offset)
        return value

    def _call(
        self,
        function: Function,
        place: _Place,
        arguments: Sequence[Operand] = (),
        piped: tuple[Value, ...] = (),
    ) -> Value:
        callee = FUNCTIONS[function.name]
        _check_number(len(arguments) + len(piped), callee, function)
        values: list[Value] = []
        for argument in arguments:
            values.append(self._operand(argument, place))
            if callee.stops_at is is_true(values[-1]):
                return values[-1]
        values += piped
        for value in values[: callee.texts]:
            if not isinstance(value, bytes):
                problem = (
                    f"{function.name} takes a text here, not {type_name(value)}; use double quotes"
                )
                raise Fault(problem, function.offset)
        with located(function.offset):
            self._step(values)
            result = callee.run(values)
            self._step([result])
        return result

    def _step(self, values: Sequence[Value] = ()) -> None:
        """Count a step, and the texts that it works on."""
        size = sum(len(value) for value in values if isinstance(value, bytes))
        self._steps += 1 + size // BYTES_PER_STEP
        if self._steps > MAX_STEPS:
            raise Fault("this takes too long; write a simpler template")


def _elements(value: Value, pipeline: Pipeline) -> Sequence[Value]:
    if value is None:
        return ()
    if isinstance(value, bool) or not isinstance(value, int):
        raise Fault(f"range counts whole numbers, not {type_name(value)}", pipeline.offset)
    if len(pipeline.names) > 1:
        raise Fault("range over a number has one variable", pipeline.offset)
    return [Byte(n) for n in range(value)] if isinstance(value, Byte) else range(value)


def _find(name: str, offset: int, place: _Place) -> int:
    """Return where the newest variable of a name is."""
    for at in range(len(place.variables) - 1, -1, -1):
        if place.variables[at][0] == name:
            return at
    raise Fault(f"{name} has no value here", offset)


def _assign(name: str, value: Value, pipeline: Pipeline, place: _Place) -> None:
    place.variables[_find(name, pipeline.offset, place)] = name, value


def _check_number(given: int, callee: Callee, function: Function) -> None:
    if callee.least <= given and (callee.most is None or given <= callee.most):
        return
    wanted = {callee.least: f"{callee.least}", None: f"at least {callee.least}"}.get(
        callee.most, f"{callee.least} to {callee.most}"
    )
    raise Fault(f"{function.name} takes {wanted} arguments, not {given}", function.offset)
