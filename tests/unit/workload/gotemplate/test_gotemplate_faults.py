"""What is wrong with a template is told. But for what we lack, Go 1.26 refuses the same."""

import pytest

from okg.workload.gotemplate import TemplateError, render


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{.Result", "line 1, column 10: this action does not end; add }}"),
        ("a\nb {{.Result}", "line 2, column 12: } does not belong here"),
        ("{{}}", "line 1, column 3: a value is missing here"),
        ("{{print ()}}", "line 1, column 10: a value is missing here"),
        ("{{/* c", "line 1, column 5: this comment must end in */}}"),
        ("{{/* c */ }}", "line 1, column 5: this comment must end in */}}"),
        ("{{/* c */ d */}}", "line 1, column 5: this comment must end in */}}"),
        ("{{1-}}", "line 1, column 4: - does not belong here"),
        ('{{"a}}', 'line 1, column 3: the text that begins with " does not end'),
        (r'{{"\q"}}', r"line 1, column 3: \q is no escape sequence; write \\ for a backslash"),
        (r'{{"\ud800"}}', r"line 1, column 3: \ud800 is no escape sequence"),
        (r'{{"\400"}}', r"line 1, column 3: \400 is no escape sequence"),
        ("{{'ab'}}", "line 1, column 3: 'ab' is not one character"),
        ("{{1a}}", "line 1, column 3: 1a is not a number"),
        ("{{089}}", "line 1, column 3: 089 is not a number"),
        ("{{1e400}}", "line 1, column 3: 1e400 is not a number"),
        ("{{9223372036854775808}}", "9223372036854775808 does not fit into 64 bits"),
        ("{{if 1}}a", "line 1, column 3: this if does not end; add {{end}}"),
        ("{{if 1}}a{{else}}b{{else}}c{{end}}", "column 21: else does not belong here; it stands"),
        ("{{range 1}}{{else if 1}}{{end}}", "line 1, column 19: if does not belong here"),
        ("{{end}}", "line 1, column 3: end does not belong here; it ends {{if}}"),
        ("{{break}}", "line 1, column 3: break does not belong here; it leaves a {{range}}"),
        ('{{if 1}}{{define "a"}}{{end}}{{end}}', "column 11: define does not belong here"),
        ('{{define "a"}}1{{end}}{{define "a"}}2{{end}}', 'template "a" is defined twice'),
        ("{{define a}}{{end}}", "line 1, column 10: a does not belong here"),
        ('{{$x := 1}}{{block "a" .}}{{$x}}{{end}}', "column 29: $x is not defined; write {{$x :="),
        ("{{if true}}{{$x := 1}}{{end}}{{$x}}", "line 1, column 32: $x is not defined"),
        ("{{$x, $y := 1}}", "line 1, column 5: , does not belong here"),
        ("{{range $x, 3}}{{end}}", "line 1, column 11: , does not belong here"),
        ("{{$x := 1}}{{$x+1}}", "line 1, column 16: + does not belong here"),
        ("{{foo .Result}}", "line 1, column 3: there is no function foo; there are and, call, eq"),
        ("{{1 | 2}}", "line 1, column 7: only functions can stand after |"),
        ('{{print "a""b"}}', 'line 1, column 12: "b" does not belong here'),
        ("{{(1}}", "line 1, column 5: }} does not belong here"),
        ("{{1)}}", "line 1, column 4: ) does not belong here"),
        ("{{true.Result}}", "line 1, column 7: .Result does not belong here"),
    ],
)
def test_a_template_that_cannot_be_read_is_refused(template: str, problem: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        render(template, result="42")

    assert problem in str(refusal.value)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{.InvalidField}}", "line 1, column 3: there is no field .InvalidField, only .Result"),
        ("{{.Result.Length}}", "line 1, column 3: there is no field .Length"),
        ("{{.Result 1}}", "line 1, column 3: this is no function, so it takes no arguments"),
        ("{{1 | .Result}}", "line 1, column 7: this is no function"),
        ("{{nil}}", "line 1, column 3: nil is no value of its own, only an argument"),
        ("{{$x = 1}}", "line 1, column 3: $x has no value here"),
        ("{{if or true ($x := 1)}}{{$x}}{{end}}", "line 1, column 27: $x has no value here"),
        (
            "{{if gt .Result 40}}a{{end}}",
            "line 1, column 6: gt takes a text here, not int; use double",
        ),
        ("{{lt .Result nil}}", "line 1, column 3: lt takes a text here, not <nil>"),
        ("{{gt .Result}}", "line 1, column 3: gt takes 2 arguments, not 1"),
        ('{{eq .Result "1" "42"}}', "line 1, column 3: eq takes 2 arguments, not 3"),
        ("{{and}}", "line 1, column 3: and takes at least 1 arguments, not 0"),
        ("{{slice .Result 0 1 2}}", "line 1, column 3: slice takes 1 to 3 arguments, not 4"),
        ("{{printf 5}}", "line 1, column 3: printf takes a text here, not int"),
        ("{{call .Result}}", "line 1, column 3: there is no value that could be called"),
        ("{{len 5}}", "line 1, column 3: a text is needed, not int"),
        ("{{index .Result 2}}", "line 1, column 3: there is no position 2; the last is 1"),
        ("{{index .Result -1}}", "line 1, column 3: there is no position -1; the last is 1"),
        ("{{index .Result true}}", "column 3: a position must be a whole number, not bool"),
        ("{{index nil}}", "line 1, column 3: there is nothing to index"),
        ("{{slice .Result 2 1}}", "line 1, column 3: 2 and 1 are in the wrong order"),
        ("{{range .Result}}{{end}}", "column 9: range counts whole numbers, not string"),
        ("{{range $i, $e := 3}}{{end}}", "column 9: range over a number has one variable"),
        ('{{template "a"}}', 'line 1, column 3: there is no template "a"'),
    ],
)
def test_a_template_that_fails_tells_why(template: str, problem: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        render(template, result="42")

    assert problem in str(refusal.value)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{1i}}", "1i is not a number"),
        ('{{printf "%*d" 5 1}}', "%* in a pattern is not supported; write the number itself"),
        ('{{printf "%[1]s" .Result}}', "%[ in a pattern is not supported"),
        ('{{printf "%x" 1.5}}', "a number with a fraction is written by %g, %f or %e without #"),
        ('{{printf "%#g" 1.5}}', "a number with a fraction is written by %g, %f or %e without #"),
    ],
)
def test_what_go_has_and_we_lack_is_refused(template: str, problem: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        render(template, result="42")

    assert problem in str(refusal.value)


def test_a_refusal_knows_its_place() -> None:
    with pytest.raises(TemplateError) as refusal:
        render("one\ntwo {{.Three}}", result="42")

    assert (refusal.value.line, refusal.value.column) == (2, 7)
    assert refusal.value.problem == "there is no field .Three, only .Result"
