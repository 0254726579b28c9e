"""What templates render: the outcomes of Go 1.26."""

import pytest

from okg.workload.gotemplate import render


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        ("{{.Result}}", "42", "42"),
        ("player-count-{{.Result}}", "42", "player-count-42"),
        ('{{ .Result }}{{"}}"}}{{`}}`}}', "42", "42}}}}"),
        ("}}{{.Result}}}", "42", "}}42}"),
        ("{{.}} {{$.Result}} {{(.).Result}}", "42", "{42} 42 42"),
        (r'{{"\"\a\x41\101\u00e9\U0001F600\\"}}', "42", '"\x07AAé😀\\'),
        (r'{{"\xe6\x97\xa5"}} {{"\xff"}}', "42", "日 �"),
        (r"{{'a'}} {{'\n'}} {{'\''}} {{'\u00e9'}}", "42", "97 10 39 233"),
        (
            "{{1}} {{-1}} {{+1}} {{010}} {{0x1F}} {{0b101}} {{0o17}} {{1_000}}",
            "42",
            "1 -1 1 8 31 5 15 1000",
        ),
        (
            "{{1.5}} {{1e3}} {{.5}} {{5.}} {{-.5}} {{0x1p4}} {{1_0.5}} {{08.5}}",
            "42",
            "1.5 1000 0.5 5 -0.5 16 10.5 8.5",
        ),
        (
            "{{100000.0}} {{1000000.0}} {{123456789.0}} {{0.0001}} {{0.00001}} {{-0.0}} {{1e100}}",
            "42",
            "100000 1e+06 1.23456789e+08 0.0001 1e-05 -0 1e+100",
        ),
        ("{{true}} {{false}} {{print nil}}", "42", "true false <nil>"),
        (
            "{{9223372036854775807}} {{-9223372036854775808}}",
            "42",
            "9223372036854775807 -9223372036854775808",
        ),
        ("{{`a\r\nb`}}", "42", "a\nb"),
        ("héllo, {{.Result}}", "wörld", "héllo, wörld"),
    ],
)
def test_text_fields_and_constants_are_written_as_go_writes_them(
    template: str, result: str, expected: str
) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        ("a {{- .Result -}} b", "42", "a42b"),
        ("a {{- /* gone */ -}} b", "42", "ab"),
        ("a{{/* }} */}}b", "42", "ab"),
        ("{{- 3}} {{-3}} {{3 -}} x", "42", "3 -3 3x"),
        ("{{if true -}} a {{- end}}", "42", "a"),
        ("line\n\t {{- 1 -}} \r\n\nend", "42", "line1end"),
        ("{{\n.Result\n}}", "42", "42"),
    ],
)
def test_trim_markers_take_blanks_and_comments_leave_nothing(
    template: str, result: str, expected: str
) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        ('{{if gt .Result "40"}}high-load{{else}}normal{{end}}', "42", "high-load"),
        ('{{if eq .Result "0"}}1{{else}}100{{end}}', "42", "100"),
        ('{{if eq .Result "0"}}a{{else if eq .Result "42"}}b{{else}}c{{end}}', "42", "b"),
        ('{{if and (gt .Result "10") (lt .Result "50")}}mid{{end}}', "42", "mid"),
        ('{{if not (eq .Result "42")}}x{{else}}y{{end}}', "42", "y"),
        (
            '{{if 0}}a{{else if 0.0}}b{{else if ""}}c{{else if false}}d{{else if "0"}}e{{end}}',
            "42",
            "e",
        ),
        (r'{{if .}}a{{end}}{{if (index "\x00" 0)}}b{{end}}', "42", "a"),
        ("{{with .Result}}<{{.}}>{{else}}none{{end}}", "", "none"),
        ('{{with ""}}a{{else}}b{{.Result}}{{end}}', "42", "b42"),
        ('{{with ""}}a{{else with .Result}}b{{.}}{{end}}', "42", "b42"),
        ("{{with $x := .Result}}{{$x}} {{$.Result}}{{end}}", "42", "42 42"),
        ('{{if false}}{{template "none"}}{{call 1}}{{print.Foo}}{{end}}ok', "42", "ok"),
        ("{{with .Result}}<{{.}}>{{else}}none{{end}}", "x", "<x>"),
        ('{{if gt .Result "40"}}high-load{{else}}normal{{end}}', "4", "normal"),
    ],
)
def test_the_first_true_branch_is_taken(template: str, result: str, expected: str) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        ("{{range 3}}{{.}},{{end}}", "42", "0,1,2,"),
        ("{{range $i := 3}}{{$i}};{{end}}", "42", "0;1;2;"),
        ("{{range 0}}a{{else}}b{{end}} {{range -1}}a{{else}}c{{end}}", "42", "b c"),
        (
            "{{range 5}}{{if eq . 3}}{{break}}{{end}}{{if eq . 1}}{{continue}}{{end}}{{.}}{{end}}",
            "42",
            "02",
        ),
        ("{{range 2}}{{range 2}}{{break}}{{end}}{{.}}{{end}}", "42", "01"),
        ('{{range $i := len .Result}}{{index $.Result $i | printf "%c"}}-{{end}}', "abc", "a-b-c-"),
        (r'{{range (index "\x02" 0)}}{{printf "%T" .}} {{end}}', "42", "uint8 uint8 "),
        ("{{range and nil}}a{{else}}b{{end}}", "42", "b"),
        ("{{$n := 2}}{{range $i, $n}}{{$i}}{{end}}", "42", "01"),
    ],
)
def test_range_counts_from_zero(template: str, result: str, expected: str) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        ('{{$x := .Result}}{{$x}}{{$x = "y"}}{{$x}}', "42", "42y"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}", "42", "32"),
        ("{{$ := 1}}{{$}}", "42", "1"),
        ("{{($x := 3)}}{{$x}}", "42", "33"),
        ('{{if $x := ""}}a{{else}}[{{$x}}]{{end}}', "42", "[]"),
        ("{{$y := 1}}{{range 2}}{{$y}}{{$y := 2}}{{end}}", "42", "11"),
        ("{{$i := 9}}{{range $i = 3}}{{end}}{{$i}}", "42", "2"),
        ("{{range $x := 2}}{{$x = 9}}{{$x}}{{end}}", "42", "99"),
    ],
)
def test_variables_live_until_the_end_of_their_action(
    template: str, result: str, expected: str
) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        ('{{.Result | printf "%s-%s" "a"}}', "42", "a-42"),
        ('{{"a" | print | print "b" | printf "%s!"}}', "42", "ba!"),
        (
            '{{true | and false}} {{true | and}} {{1 | or 0}} {{or 0 "" nil}}',
            "42",
            "false true 1 <no value>",
        ),
        ("{{1 | }}", "42", "1"),
        ('{{print .Result|print "b"}}', "42", "b42"),
    ],
)
def test_a_value_is_piped_into_the_last_argument(template: str, result: str, expected: str) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        (
            '{{define "a"}}[{{.}}]{{end}}{{template "a" .Result}}{{template "a"}}',
            "42",
            "[42][<no value>]",
        ),
        ('{{template "a" .}}{{define "a"}}{{.Result}}{{end}}', "42", "42"),
        (
            '{{define "a"}}{{.Foo}} {{print .}} {{html .}}{{end}}{{template "a"}}',
            "42",
            "<no value> <nil> &lt;no value&gt;",
        ),
        ('{{define "a"}} {{end}}{{define "a"}}2{{end}}{{template "a"}}', "42", "2"),
        ('{{define "a"}}1{{end}}{{define "a"}} {{end}}{{template "a"}}', "42", "1"),
        (
            "{{block `r` .Result}}{{if .}}{{slice . 0 1}} {{template `r` slice . 1}}{{end}}{{end}}",
            "héy",
            "h � � y ",
        ),
        ('{{block "a" .Result}}<{{.}}>{{end}}{{template "a" "z"}}', "42", "<42><z>"),
        ('{{define "field"}}the whole text{{end}}', "42", "the whole text"),
    ],
)
def test_templates_call_templates(template: str, result: str, expected: str) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        (
            '{{eq .Result "42"}} {{eq .Result 42}} {{ne .Result 42}} {{eq nil nil}} {{eq . .}}',
            "42",
            "true false true true true",
        ),
        (
            '{{eq 1 1.0}} {{eq \'a\' 97}} {{eq (index "a" 0) 97}} {{eq (len "a") 1}}',
            "42",
            "false true false true",
        ),
        (
            '{{lt .Result "100"}} {{le .Result "42"}} {{gt .Result "42"}} {{ge .Result "42.0"}}',
            "42",
            "true true false true",
        ),
        ('{{gt "xyz" "abc"}} {{lt "10" "9"}} {{lt "10" "9x"}}', "42", "true false true"),
        ('{{gt " 10" "9"}} {{gt "10 " "9"}} {{lt "٣" "0x1p9"}}', "42", "false false false"),
        (
            '{{gt "1_000" "9"}} {{gt "1_" "9"}} {{gt "1__0" "9"}} {{gt "1_.5" "9"}}',
            "42",
            "true false false false",
        ),
        (
            '{{gt "0x1p4" "9"}} {{gt "0x10" "9"}} {{gt "0x_1p4" "9"}} {{gt "0x1.8p3" "9"}}',
            "42",
            "true false true true",
        ),
        (
            '{{gt "inf" "9"}} {{gt "+Infinity" "9"}} {{lt "-inf" "-9"}} {{gt "infin" "9"}}',
            "42",
            "true true true true",
        ),
        ('{{lt "nan" "9"}} {{gt "NaN" "9"}} {{gt "+nan" "9"}}', "42", "false false false"),
        (
            '{{gt "1e400" "9"}} {{gt "0x1p99999" "9"}} {{gt "1e-400" "-1"}}',
            "42",
            "false false true",
        ),
        ('{{gt "1e2" "9"}} {{gt "1e" "9"}} {{gt "-1" "-2"}}', "42", "true false true"),
        (
            '{{gt ".5" "0.4"}} {{gt "5." "4"}} {{ge "007" "7.0"}} {{gt "" "0"}} {{gt "." "0"}}',
            "42",
            "true true true false false",
        ),
    ],
)
def test_texts_that_are_numbers_compare_by_number(
    template: str, result: str, expected: str
) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        ('{{and 1 "a" .Result}} {{and 1 0 .Foo}} {{or "" "x" .Foo}}', "42", "42 0 x"),
        (
            "{{and nil 1}} {{not nil}} {{not .Result}} {{not 0}} {{not .}}",
            "42",
            "<no value> true false true false",
        ),
        ("{{if or true ($x := 1)}}yes{{end}}", "42", "yes"),
    ],
)
def test_and_and_or_give_back_the_deciding_argument(
    template: str, result: str, expected: str
) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        ('{{len .Result}} {{len "é"}}', "42", "2 2"),
        ('{{index .Result 0}} {{index .Result (len "a")}} {{index 5}}', "42", "52 50 5"),
        (
            "{{slice .Result}} {{slice .Result 1}} {{slice .Result 0 1}} {{slice .Result 2}}|",
            "42",
            "42 2 4 |",
        ),
        ('{{slice "日本" 0 2}} {{print (slice "é" 0 1) (slice "é" 1)}}', "42", "�� é"),
    ],
)
def test_texts_are_cut_by_bytes(template: str, result: str, expected: str) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        ('{{print .Result 1 2 "x" 3 true false nil 1.5}}', "42", "421 2x3 true false <nil> 1.5"),
        ('{{println .Result 1 "x"}}{{println}}{{print}}', "42", "42 1 x\n\n"),
        (r"""{{html "<a b=\"c\">&'" .Result 1}}""", "<", "&lt;a b=&#34;c&#34;&gt;&amp;&#39;&lt;1"),
        (
            r"""{{js "\x00\x1f\x7fé\u00ad=&<>'\"\\😀\xff"}}""",
            "42",
            "\\u0000\\u001F\x7fé\\u00AD\\u003D\\u0026\\u003C\\u003E\\'\\\"\\\\😀�",
        ),
        (r'{{urlquery "a b/~-_.é\xff"}}', "42", "a+b%2F~-_.%C3%A9%FF"),
        ("{{html nil}} {{js nil}}", "42", r"&lt;no value&gt; \u003Cno value\u003E"),
    ],
)
def test_printing_puts_blanks_where_go_puts_them(template: str, result: str, expected: str) -> None:
    assert render(template, result=result) == expected


@pytest.mark.parametrize(
    ("template", "result", "expected"),
    [
        (
            '{{printf "%v %s %d %t %T %q %%" 1 .Result 42 true .Result .Result}}',
            "42",
            '1 42 42 true string "42" %',
        ),
        (
            '{{printf "%d" .Result}} {{printf "%s" 42}} {{printf "%t" 1}} {{printf "%z" 1}}',
            "42",
            "%!d(string=42) %!s(int=42) %!t(int=1) %!z(int=1)",
        ),
        (
            '{{printf "%d" nil}} {{printf "%5d" "4"}} {{printf "%d" 1.5}}',
            "42",
            "%!d(<nil>) %!d(string=    4) %!d(float64=1.5)",
        ),
        (
            '{{printf "%p" .}} {{printf "x" .}}',
            "42",
            "%!p(util.TemplateContext={42}) x%!(EXTRA util.TemplateContext={42})",
        ),
        (
            '{{printf "%s %s" "a"}} {{printf "%s" "a" 1 nil}} {{printf "%"}}',
            "42",
            "a %!s(MISSING) a%!(EXTRA int=1, <nil>) %!(NOVERB)",
        ),
        (
            '{{printf "%5.2f|%08.3f|%+.1f|% f|%-8.1f" 3.14159 3.14159 1.25 1.5 1.5}}',
            "42",
            " 3.14|0003.142|+1.2| 1.500000|1.5     ",
        ),
        ('{{printf "%e|%.0E|%5f" 1234.5678 5.5 -0.5}}', "42", "1.234568e+03|6E+00|-0.500000"),
        (
            '{{printf "%g %G %.3g %v %6.2v|" 1e21 1e-7 123456.0 100000.0 3.14159}}',
            "42",
            "1e+21 1E-07 1.23e+05 100000    3.1|",
        ),
        (
            '{{printf "%5d|%-5d|%05d|%+d|% d|%.3d|%08.3d|%5.0d|" 42 42 42 42 42 42 42 0}}',
            "42",
            "   42|42   |00042|+42| 42|042|     042|     |",
        ),
        (
            '{{printf "%x %X %#x %o %#o %O %b %#b %x" 255 255 255 8 8 8 5 5 -255}}',
            "42",
            "ff FF 0xff 10 010 0o10 101 0b101 -ff",
        ),
        ("{{printf \"%c %q %U %#U %c\" 65 'x' 9731 9731 -1}}", "42", "A 'x' U+2603 U+2603 '☃' �"),
        (
            r'{{printf "%-05d|%#o|%c|%U|%#x|%.2T|%q" 42 0 55296 -1 "" nil "a\\b"}}',
            "42",
            r'42   |0|�|U+FFFFFFFFFFFFFFFF||<nil>|"a\\b"',
        ),
        (
            '{{printf "%8s|%-8s|%08s|%.2s|%5.1s|" "é" "é" "é" "éab" "éab"}}',
            "42",
            "       é|é       |0000000é|éa|    é|",
        ),
        (
            '{{printf "%x|% x|%#x|% #X|%.1x" "éa" "éa" "éa" "éa" "éa"}}',
            "42",
            "c3a961|c3 a9 61|0xc3a961|0XC3 0XA9 0X61|c3",
        ),
        (
            r'{{printf "%q %+q %#q %#q" "é\n\x00\u200b" "é" "a\tb" "`"}}',
            "42",
            '"é\\n\\x00\\u200b" "\\u00e9" `a\tb` "`"',
        ),
        (
            '{{printf "%v %+v %#v" . . .}}',
            "42",
            '{42} {Result:42} util.TemplateContext{Result:"42"}',
        ),
        ('{{printf "%s %d %T" . . .}}', "42", "{42} {%!d(string=42)} util.TemplateContext"),
        (
            '{{printf "%#v %#v %#v %#v %#v" 1 1.5 "a" true (index "a" 0)}}',
            "42",
            '1 1.5 "a" true 0x61',
        ),
        (
            '{{printf "%T %T %T %T %T" 1 1.5 true nil (index "a" 0)}}',
            "42",
            "int float64 bool <nil> uint8",
        ),
        (
            '{{printf "%5t|%-7t|%5v|%q" true false nil true}}',
            "42",
            " true|false  |<nil>|%!q(bool=true)",
        ),
    ],
)
def test_printf_follows_its_pattern(template: str, result: str, expected: str) -> None:
    assert render(template, result=result) == expected
