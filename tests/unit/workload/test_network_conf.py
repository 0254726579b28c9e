import pytest

from okg.api.game import NetworkConfParam
from okg.workload.network_conf import encode_network_conf


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (None, "null"),
        ((), "[]"),
        (
            (NetworkConfParam(name="Ports", value="80/TCP"), NetworkConfParam(name="Fixed")),
            '[{"name":"Ports","value":"80/TCP"},{"name":"Fixed"}]',
        ),
        ((NetworkConfParam(value="v"), NetworkConfParam()), '[{"value":"v"},{}]'),
        (
            (NetworkConfParam(name="a<b>&c", value='"\\/é游\u2028\u2029'),),
            '[{"name":"a\\u003cb\\u003e\\u0026c","value":"\\"\\\\/é游\\u2028\\u2029"}]',
        ),
        (
            (NetworkConfParam(value="\n\r\t\b\f\x00\x1f\x7f"),),
            '[{"value":"\\n\\r\\t\\b\\f\\u0000\\u001f\x7f"}]',
        ),
    ],
)
def test_parameters_are_written_byte_for_byte_as_go_does(
    params: tuple[NetworkConfParam, ...] | None, text: str
) -> None:
    assert encode_network_conf(params) == text
