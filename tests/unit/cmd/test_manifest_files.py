import io
from pathlib import Path

import pytest

from okg.cmd.manifest_files import read_manifests
from okg.errors import ConfigError

TWO = """\
kind: A
---
# nothing here
---
kind: List
items:
- kind: B
- {"kind": "C"}
"""


def kinds(*names: str) -> list[object]:
    return [manifest["kind"] for manifest in read_manifests(names)]


def test_documents_and_lists_are_taken_apart(tmp_path: Path) -> None:
    file = tmp_path / "sets.yaml"
    file.write_text(TWO)

    assert kinds(str(file)) == ["A", "B", "C"]


def test_a_list_of_one_kind_says_what_its_items_are(tmp_path: Path) -> None:
    file = tmp_path / "sets.json"
    file.write_text('{"kind": "AList", "apiVersion": "v1", "items": [{}, {"kind": "B"}]}')

    assert list(read_manifests([str(file)])) == [
        {"apiVersion": "v1", "kind": "A"},
        {"apiVersion": "v1", "kind": "B"},
    ]


def test_a_folder_is_read_in_order_of_name(tmp_path: Path) -> None:
    (tmp_path / "2.yml").write_text("kind: B")
    (tmp_path / "1.json").write_text('{"kind": "A"}')
    (tmp_path / "README.md").write_text("no: manifest")

    assert kinds(str(tmp_path)) == ["A", "B"]


def test_a_dash_is_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("kind: A"))

    assert kinds("-") == ["A"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "is not YAML"),
        ("just words", "it has no kind"),
        ("spec: {}", "it has no kind"),
        ("kind: " + "[" * 100_000, "nests too deeply"),
        ("&a\nkind: List\nitems: [*a]", "nests too deeply"),
        ("kind: " + "9" * 5000, "is not YAML"),
    ],
)
def test_what_is_no_manifest_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)

    with pytest.raises(ConfigError, match=words) as raised:
        kinds(str(file))

    assert str(file) in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*none"):
        kinds(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10:30", "10:30"),
        ("190:20:30.15", "190:20:30.15"),
        ("2025-01-02", "2025-01-02"),
        ("2025-01-02T03:04:05Z", "2025-01-02T03:04:05Z"),
        ("=", "="),
        ("30", 30),
        ("-1", -1),
        ("0", 0),
        ("0x1f", 31),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1.30", 1.3),
        (".5", 0.5),
        ("true", True),
        ("null", None),
        ("'30'", "30"),
    ],
)
def test_values_are_read_as_kubectl_reads_them(tmp_path: Path, written: str, read: object) -> None:
    (tmp_path / "set.yaml").write_text(f"kind: A\nvalue: {written}\n")

    [manifest] = read_manifests([str(tmp_path / "set.yaml")])

    assert manifest == {"kind": "A", "value": read}
