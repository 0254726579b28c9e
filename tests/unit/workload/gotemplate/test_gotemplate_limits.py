"""No template takes more than it is given, and none breaks anything but itself."""

import pytest
from hypothesis import given, settings, strategies as st

from okg.workload.gotemplate import TemplateError, render

_PIECES = st.sampled_from(
    [
        *("{{", "}}", "{{- ", " -}}", "{{/*", "*/}}", "(", ")", "|", ":=", "=", ",", " ", "\n"),
        *("if ", "else", "end", "with ", "range ", "break", "continue", "nil", "true"),
        *("define ", "template ", "block ", '"a"', "`b`", "'c'", "9", "-1", "1.5e3", "0x", "1e999"),
        *(".Result", ".", ".Foo", "$", "$x", "$x := 1", "{{end}}", "{{else}}", "{{range 999999}}"),
        *("and ", "or ", "not ", "eq ", "lt ", "len ", "index ", "slice ", "call ", "print "),
        *(
            "println ",
            "html ",
            "js ",
            "urlquery ",
            "printf ",
            '"%9999s%v%d"',
            '"%x%q%e"',
            "é",
            "\\",
        ),
    ]
)
_TEMPLATES = st.lists(_PIECES | st.text(max_size=3), max_size=25).map("".join)

_TREE = """
{{define "a"}}{{with .}}{{template "a" slice . 1}}{{template "a" slice . 1}}{{end}}{{end}}
{{template "a" "0123456789012345678901234567890"}}
"""


def _outcome(template: str, result: str) -> str:
    """Return what became of a template, which is one of two things."""
    try:
        return render(template, result=result)
    except TemplateError as refusal:
        return str(refusal)


@given(st.text().filter(lambda text: "{{" not in text), st.text())
def test_a_text_without_actions_stays_as_it_is(text: str, result: str) -> None:
    assert render(text, result=result) == text


@settings(deadline=2000, max_examples=300)
@given(_TEMPLATES, st.text(max_size=5))
def test_a_template_renders_or_is_refused(template: str, result: str) -> None:
    assert isinstance(_outcome(template, result), str)


@given(st.text())
def test_any_result_passes_through(result: str) -> None:
    assert render("{{.Result}}", result=result) == result


@given(st.text())
def test_a_text_in_quotes_means_what_go_reads_from_it(text: str) -> None:
    quoted = render('{{printf "%q" .Result}}', result=text)

    assert render("{{" + quoted + "}}", result="") == text


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{range 99999999999999}}{{end}}", "line 1, column 1: this takes too long; write a"),
        ("{{range 300}}" * 3 + "{{end}}" * 3, "this takes too long"),
        (
            '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}',
            "templates and actions go more than 100 deep",
        ),
        ("{{template `field`}}", "templates and actions go more than 100 deep"),
        ('{{block "a" 1}}' + "{{if 1}}" * 40 + '{{template "a"}}' + "{{end}}" * 41, "100 deep"),
        ("{{$x := printf `%099999d` 1}}{{range 99}}{{eq $x $x}}{{end}}", "this takes too long"),
        (_TREE, "this takes too long"),
        ("{{$x := .Result}}{{range 99}}{{$x = print $x $x}}{{end}}", "this takes too long"),
        ("{{printf `%99999s` 1 | js | html}}" * 9, "this takes too long"),
        ("{{range 9}}{{printf `%99999s` .}}{{end}}", "the output is longer than 262144 bytes"),
        ("{{printf `%99999s%99999s%99999s` 1 2 3}}", "the text becomes longer than 262144 bytes"),
        ("{{printf `%9999999d` 1}}", "9999999 characters are too many"),
        ("{{printf `%.9999999f` 1.5}}", "9999999 characters are too many"),
        ("{{if 1}}" * 60 + "{{end}}" * 60, "line 1, column 403: nested more than 50 deep"),
        ("{{" + "(" * 60 + "1" + ")" * 60 + "}}", "line 1, column 53: nested more than 50 deep"),
        ("{{1}}" * 1999, "more than 5000 words and signs; write a shorter template"),
        ("{{" + "9" * 5000 + "}}", "does not fit into 64 bits"),
    ],
    ids=lambda text: text[:40],
)
def test_a_template_beyond_the_limits_is_refused(template: str, problem: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        render(template, result="42")

    assert problem in str(refusal.value)


def test_the_deepest_template_fits_on_the_stack() -> None:
    nested = "{{if " + "(" * 49 + "1" + ")" * 49 + "}}" + "{{if 1}}" * 49 + "x" + "{{end}}" * 50
    calls = '{{define "a"}}{{with .}}{{template "a" slice . 1}}{{else}}!{{end}}{{end}}'

    assert render(nested, result="") == "x"
    assert render("{{if (1)}}x{{end}}" * 60, result="") == "x" * 60
    assert render(calls + '{{template "a" .Result}}', result="0" * 48) == "!"


def test_half_a_character_becomes_a_question_mark() -> None:
    assert render("{{`\ud800`}}{{.Result}}", result="\udfff") == "??"


def test_a_message_does_not_repeat_endless_words() -> None:
    with pytest.raises(TemplateError) as refusal:
        render("{{" + "9" * 5000 + "}}", result="")

    assert len(refusal.value.problem) == 243
    assert refusal.value.problem.endswith("999 does not fit into 64 bits")
