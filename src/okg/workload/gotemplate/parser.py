"""Reads tokens into nodes, by Go's grammar."""

from collections.abc import Callable, Mapping
from itertools import islice

from okg.workload.gotemplate.fault import Fault, located
from okg.workload.gotemplate.functions import FUNCTIONS
from okg.workload.gotemplate.lexer import Kind, Token, tokenize
from okg.workload.gotemplate.limits import MAX_NESTING, MAX_TOKENS
from okg.workload.gotemplate.literals import read_character, read_number, read_text
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
from okg.workload.gotemplate.values import Value

_READERS: Mapping[Kind, Callable[[str], Value]] = {
    Kind.STRING: read_text,
    Kind.CHARACTER: read_character,
    Kind.NUMBER: read_number,
}

_PLACES = {
    "block": "it begins an action of its own",
    "break": "it leaves a {{range}} and stands inside one, alone",
    "continue": "it goes on with a {{range}} and stands inside one, alone",
    "define": "it begins an action of its own, outside of all others",
    "else": "it stands once between {{if}}, {{with}} or {{range}} and {{end}}",
    "end": "it ends {{if}}, {{with}}, {{range}}, {{block}} or {{define}}",
    "if": "it begins an action of its own, or follows the else of an if",
    "range": "it begins an action of its own",
    "template": "it begins an action of its own",
    "with": "it begins an action of its own, or follows the else of a with",
}
"""Where each keyword may stand; ``nil`` is a value."""


def parse(text: str) -> Templates:
    """Return the templates that a text defines; `MAIN` is the text itself.

    Raises:
        Fault: the text is no template, or beyond the limits.
    """
    tokens = list(islice(tokenize(text), MAX_TOKENS + 1))
    if len(tokens) > MAX_TOKENS:
        raise Fault(f"more than {MAX_TOKENS} words and signs; write a shorter template", 0)
    return _Parser(tokens).templates()


class _Parser:
    """Walks the tokens once; every method steps over what it reads.

    A block has its own variables: those of `{{if}}` end with it, a definition starts afresh.
    """

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._templates: dict[str, Body] = {}
        self._variables = ["$"]
        self._loops = 0
        self._depth = 0

    def templates(self) -> Templates:
        body: list[Statement] = []
        while self._peek().kind is not Kind.END:
            if self._takes_action("define"):
                self._definition()
            else:
                body.append(self._statement())
        self._define(MAIN, tuple(body), self._peek())
        return self._templates

    # Definitions

    def _definition(self) -> None:
        word = self._tokens[self._at - 1]
        name = self._name()
        self._expect(Kind.CLOSE)
        self._define(name, self._apart(word), word)

    def _apart(self, word: Token) -> Body:
        """Read the body of a definition, which sees neither variables nor loops around it."""
        around = self._variables, self._loops
        self._variables, self._loops = ["$"], 0
        body = self._body(word)
        self._end()
        self._variables, self._loops = around
        return body

    def _define(self, name: str, body: Body, token: Token) -> None:
        """Note a template; one that is blank never replaces another, and is replaced by any."""
        if _is_blank(self._templates.get(name, ())):
            self._templates[name] = body
        elif not _is_blank(body):
            raise Fault(f'the template "{name}" is defined twice; rename one', token.offset)

    def _name(self) -> str:
        token = self._expect(Kind.STRING)
        with located(token.offset):
            return read_text(token.text).decode(errors="surrogateescape")

    # Statements

    def _statement(self) -> Statement:
        token = self._next()
        if token.kind is Kind.TEXT:
            return Text(token.text.encode())
        word = self._peek()
        if word.kind is not Kind.WORD or word.text not in _PLACES:
            return Show(self._pipeline(Kind.CLOSE))
        self._at += 1
        match word.text:
            case "if" | "with":
                return self._choose(word)
            case "range":
                return self._repeat(word)
            case "break" | "continue":
                return self._leave(word)
            case "template" | "block":
                return self._include(word)
            case _:
                raise _misplaced(word)

    def _choose(self, word: Token) -> Choose:
        known = len(self._variables)
        branches = [(self._pipeline(Kind.CLOSE), self._body(word))]
        otherwise: Body = ()
        while self._takes_action("else"):
            if self._takes_word(word.text):
                branches.append((self._pipeline(Kind.CLOSE), self._body(word)))
                continue
            self._expect(Kind.CLOSE)
            otherwise = self._body(word)
            break
        self._end()
        del self._variables[known:]
        return Choose(tuple(branches), otherwise, moves_dot=word.text == "with")

    def _repeat(self, word: Token) -> Repeat:
        known = len(self._variables)
        pipeline = self._pipeline(Kind.CLOSE, most_names=2)
        self._loops += 1
        body = self._body(word)
        self._loops -= 1
        otherwise: Body = ()
        if self._takes_action("else"):
            self._expect(Kind.CLOSE)
            otherwise = self._body(word)
        self._end()
        del self._variables[known:]
        return Repeat(pipeline, body, otherwise)

    def _leave(self, word: Token) -> Leave:
        self._expect(Kind.CLOSE)
        if not self._loops:
            raise _misplaced(word)
        return Leave(for_good=word.text == "break")

    def _include(self, word: Token) -> Include:
        name = self._name()
        pipeline = None
        if word.text == "block" or self._peek().kind is not Kind.CLOSE:
            pipeline = self._pipeline(Kind.CLOSE)
        else:
            self._at += 1
        if word.text == "block":
            self._define(name, self._apart(word), word)
        return Include(name, pipeline, word.offset)

    def _body(self, word: Token) -> Body:
        """Read what the action that began with a word encloses, up to its else or end."""
        self._go_deeper(word)
        body: list[Statement] = []
        while not self._sees_action("else", "end"):
            if self._peek().kind is Kind.END:
                raise Fault(f"this {word.text} does not end; add {{{{end}}}}", word.offset)
            body.append(self._statement())
        self._depth -= 1
        return tuple(body)

    def _end(self) -> None:
        if not self._takes_action("end"):
            raise _misplaced(self._tokens[self._at + 1])
        self._expect(Kind.CLOSE)

    # Pipelines

    def _pipeline(self, end: Kind, *, most_names: int = 1) -> Pipeline:
        start = self._peek()
        names, declares = self._assignment(most_names)
        commands: list[Command] = []
        while self._peek().kind is not end:
            commands.append(self._command())
        self._at += 1
        if not commands:
            raise Fault("a value is missing here", start.offset)
        for command in commands[1:]:
            if isinstance(command.head, Constant | Dot):
                raise Fault("only functions can stand after |", command.head.offset)
        return Pipeline(names, declares, tuple(commands), start.offset)

    def _assignment(self, most_names: int) -> tuple[tuple[str, ...], bool]:
        """Return the variables that get the value, and whether they are new."""
        names: list[str] = []
        sign = self._peek()
        while self._peek().kind is Kind.VARIABLE:
            name, sign = self._tokens[self._at : self._at + 2]
            if sign.kind not in {Kind.ASSIGN, Kind.COMMA}:
                break
            names.append(name.text)
            self._at += 2
            if sign.kind is Kind.ASSIGN:
                break
            if len(names) == most_names or self._peek().kind is not Kind.VARIABLE:
                raise _unexpected(sign)
        self._variables += names
        return tuple(names), sign.text != "="

    def _command(self) -> Command:
        head, arguments = self._operand(), list[Operand]()
        while self._peek().kind not in {Kind.CLOSE, Kind.RIGHT, Kind.PIPE}:
            if not self._peek().spaced:
                raise _unexpected(self._peek())
            arguments.append(self._operand())
        self._at += self._peek().kind is Kind.PIPE
        return Command(head, tuple(arguments))

    def _operand(self) -> Operand:
        token = self._next()
        with located(token.offset):
            term = self._term(token)
        names = [token.text[1:]] if token.kind is Kind.FIELD else []
        while self._peek().kind is Kind.FIELD and not self._peek().spaced:
            if not names and isinstance(term, Constant | Dot):
                raise _unexpected(self._peek())
            names.append(self._next().text[1:])
        return Fields(term, tuple(names), token.offset) if names else term

    def _term(self, token: Token) -> Operand:
        match token.kind:
            case Kind.STRING | Kind.CHARACTER | Kind.NUMBER:
                return Constant(_READERS[token.kind](token.text), token.offset)
            case Kind.DOT | Kind.FIELD:
                return Dot(token.offset)
            case Kind.WORD:
                return _word(token)
            case Kind.VARIABLE:
                if token.text not in self._variables:
                    raise Fault(
                        f"{token.text} is not defined; write {{{{{token.text} := …}}}} first"
                    )
                return Variable(token.text, token.offset)
            case Kind.LEFT:
                self._go_deeper(token)
                pipeline = self._pipeline(Kind.RIGHT)
                self._depth -= 1
                return pipeline
            case _:
                raise _unexpected(token)

    # Tokens

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, kind: Kind) -> Token:
        token = self._next()
        if token.kind is not kind:
            raise _unexpected(token)
        return token

    def _sees_action(self, *words: str) -> bool:
        return self._peek().kind is Kind.OPEN and _is(self._tokens[self._at + 1], *words)

    def _takes_action(self, word: str) -> bool:
        found = self._sees_action(word)
        self._at += 2 * found
        return found

    def _takes_word(self, word: str) -> bool:
        found = _is(self._peek(), word)
        self._at += found
        return found

    def _go_deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise Fault(f"nested more than {MAX_NESTING} deep", token.offset)


def _word(token: Token) -> Operand:
    match token.text:
        case "nil":
            return Constant(None, token.offset)
        case "true" | "false":
            return Constant(token.text == "true", token.offset)
        case name if name in FUNCTIONS:
            return Function(name, token.offset)
        case _:
            raise (
                _misplaced(token)
                if token.text in _PLACES
                else Fault(
                    f"there is no function {token.text}; there are {', '.join(sorted(FUNCTIONS))}"
                )
            )


def _is(token: Token, *words: str) -> bool:
    return token.kind is Kind.WORD and token.text in words


def _is_blank(body: Body) -> bool:
    return all(isinstance(part, Text) and not part.text.strip() for part in body)


def _unexpected(token: Token) -> Fault:
    return Fault(f"{token.text} does not belong here", token.offset)


def _misplaced(word: Token) -> Fault:
    return Fault(f"{word.text} does not belong here; {_PLACES[word.text]}", word.offset)
