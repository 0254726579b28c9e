import msgspec
import pytest

from okg.api.game import GameServerTemplate
from okg.workload.invalid import InvalidField
from okg.workload.template import build_pod_template, read_images, read_metadata

SPEC = b'{"containers":[{"name":"game","image":"game:1"}]}'
DEEP = b"[" * 100_000 + b"]" * 100_000


def a_template(*, metadata: bytes = b"", spec: bytes = SPEC) -> GameServerTemplate:
    return GameServerTemplate(metadata=msgspec.Raw(metadata), spec=msgspec.Raw(spec))


def test_every_byte_of_the_users_template_is_passed_through() -> None:
    template = a_template(
        metadata=b'{"name": "n", "labels": {"b": "2","a":"1"}, "finalizers":[ "f" ]}',
        spec=b'{"z":1.50, "containers": [ {"name":"game", "x": 1e3,"image":"i\\u00e9"}],'
        b' "big":12345678901234567890123, "readinessGates":[{"conditionType": "own"}],"a":null}',
    )

    built = build_pod_template(template, labels={"ours": "yes"}, annotations={"note": "n"})

    assert bytes(built) == (
        b'{"metadata":{"name":"n","labels":{"b":"2","a":"1","ours":"yes"},"finalizers":[ "f" ],'
        b'"annotations":{"note":"n"}},"spec":{"z":1.50,'
        b'"containers":[ {"name":"game", "x": 1e3,"image":"i\\u00e9"}],'
        b'"big":12345678901234567890123,'
        b'"readinessGates":[{"conditionType": "own"},{"conditionType":"InPlaceUpdateReady"}],'
        b'"a":null}}'
    )


def test_the_gate_is_appended_even_if_it_is_there() -> None:
    spec = SPEC[:-1] + b',"readinessGates":[{"conditionType":"InPlaceUpdateReady"}]}'

    built = build_pod_template(a_template(spec=spec), labels={}, annotations={})

    assert bytes(built).count(b"InPlaceUpdateReady") == 2


@pytest.mark.parametrize("metadata", [b"", b"null", b"{}", b'{"labels":null,"annotations":{}}'])
def test_a_template_needs_no_metadata(metadata: bytes) -> None:
    read = read_metadata(a_template(metadata=metadata))

    assert (read.labels, read.annotations) == ({}, {})


def test_the_metadata_hash_covers_labels_and_annotations_only() -> None:
    documents = [
        b'{"labels":{"a":"1","b":"2"}}',
        b'{"labels":{"b":"2","a":"1"},"name":"ignored"}',
        b'{"labels":{"a":"1"},"annotations":{"b":"2"}}',
        b'{"annotations":{"a":"1","b":"2"}}',
    ]

    first, second, third, fourth = (read_metadata(a_template(metadata=d)).hash for d in documents)

    assert first == second
    assert len({first, third, fourth}) == 3


def test_images_are_read_by_container() -> None:
    spec = b'{"containers":[{"name":"a","image":"i:1"},{"name":"b"}]}'

    assert read_images(a_template(spec=spec)) == {"a": "i:1", "b": ""}


@pytest.mark.parametrize(
    ("metadata", "spec", "message"),
    [
        (b"", b"", "spec.containers: must list at least one container"),
        (b"", b"{}", "spec.containers: must list at least one container"),
        (b"", b'{"containers":[]}', "spec.containers: must list at least one container"),
        (b"", b'{"containers":{}}', "spec.containers: must be a list, not {}"),
        (b"", b'{"containers":["a"]}', 'spec.containers[0]: must be an object, not "a"'),
        (b"", b'{"containers":[{"image":"i"}]}', "spec.containers[0].name: is required"),
        (
            b"",
            b'{"containers":[{"name":"a","image":[1]}]}',
            "spec.containers[0].image: must be a string, not [1]",
        ),
        (b"", b'"text"', 'spec: must be an object, not "text"'),
        (b"", SPEC[:-1] + b',"readinessGates":1}', "spec.readinessGates: must be a list, not 1"),
        (b"", b'{"containers":' + DEEP + b"}", "spec: nests too deeply to be read"),
        (b'{"labels":' + DEEP + b"}", SPEC, "metadata: nests too deeply to be read"),
        (b"[]", SPEC, "metadata: must be an object, not []"),
        (b'{"labels":[1]}', SPEC, "metadata.labels: must be an object, not [1]"),
        (b'{"labels":{"a":1}}', SPEC, "metadata.labels[a]: must be a string, not 1"),
        (
            b'{"annotations":{"a":{"b":true}}}',
            SPEC,
            'metadata.annotations[a]: must be a string, not {"b":true}',
        ),
        (
            b'{"labels":{"a b":"c"}}',
            SPEC,
            "metadata.labels[a b]: is no key of the form name or prefix/name",
        ),
        (
            b'{"labels":{"a":"-5"}}',
            SPEC,
            (
                'metadata.labels[a]: "-5" is no label value; write at most 63 letters, digits, '
                '"-", "_" or ".", with a letter or digit at both ends'
            ),
        ),
        (
            b'{"labels":{"a":["0123456789012345678901234567890123456789"]}}',
            SPEC,
            'metadata.labels[a]: must be a string, not ["01234567890123456789012345678901234567…',
        ),
    ],
)
def test_what_cannot_become_a_pod_is_named(metadata: bytes, spec: bytes, message: str) -> None:
    with pytest.raises(InvalidField) as raised:
        build_pod_template(a_template(metadata=metadata, spec=spec), labels={}, annotations={})

    assert str(raised.value) == f"spec.gameServerTemplate.{message}"
