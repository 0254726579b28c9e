from okg.workload.go_json import encode_as_go


def test_keys_are_sorted_and_what_html_could_misread_is_escaped() -> None:
    assert encode_as_go({"b": "<ü>&", "a": ["\u2028", 1]}) == (
        '{"a":["\\u2028",1],"b":"\\u003cü\\u003e\\u0026"}'
    )
