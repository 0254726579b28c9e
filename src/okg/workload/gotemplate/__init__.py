"""Templates in the values of service-quality actions: the language of Go's ``text/template``.

A template sees one object with one field, ``.Result``: what the probe printed. It is read by
`lexer` and `parser` into `nodes`, and `evaluation` walks those with the functions of `functions`.
Texts are bytes in between, because Go counts, indexes and cuts them in bytes.

Narrower than Go are constants, which cannot be complex, and ``printf``, which knows neither ``*``
nor ``[n]``, and for numbers with a fraction neither ``%b``, ``%x`` nor ``#``: these are errors.
Length, nesting and work are limited (`limits`), so that no template can hold up the controller.
"""

from okg.errors import OkgError
from okg.workload.gotemplate.evaluation import evaluate
from okg.workload.gotemplate.fault import Fault
from okg.workload.gotemplate.limits import MAX_PROBLEM
from okg.workload.gotemplate.parser import parse

__all__ = ["TemplateError", "render"]


class TemplateError(OkgError):
    """A template cannot be read or executed; the message says where and what to change.

    Attributes:
        line: where, counted from 1.
        column: where in the line, in characters, counted from 1.
        problem: what is wrong.
    """

    def __init__(self, problem: str, *, line: int, column: int) -> None:
        super().__init__(f"template, line {line}, column {column}: {problem}")
        self.line = line
        self.column = column
        self.problem = problem


def render(text: str, *, result: str) -> str:
    """Return a text with its actions carried out; one without ``{{`` as it is.

    Args:
        text: the template.
        result: what ``.Result`` stands for.

    Raises:
        TemplateError: the template is not well-formed, fails, or goes beyond the limits.
    """
    if "{{" not in text:
        return text
    # Half a surrogate pair has no place in UTF-8.
    text = text.encode(errors="replace").decode()
    try:
        output = evaluate(parse(text), result.encode(errors="replace"))
    except Fault as fault:
        before = text[: fault.offset or 0]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise TemplateError(_shortened(fault.problem), line=line, column=column) from None
    # A character cut in two becomes one replacement for each byte, as in Go's JSON.
    return "".join(map(_whole, output.decode(errors="surrogateescape")))


def _shortened(problem: str) -> str:
    """Return both ends of a message that is too long."""
    if len(problem) <= MAX_PROBLEM:
        return problem
    return f"{problem[: MAX_PROBLEM // 2]} … {problem[-MAX_PROBLEM // 2 :]}"


def _whole(character: str) -> str:
    return "\N{REPLACEMENT CHARACTER}" if "\udc80" <= character <= "\udcff" else character
