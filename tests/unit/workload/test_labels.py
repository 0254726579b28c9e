import pytest

from okg.workload.labels import is_annotation_key, is_key, is_label_value


@pytest.mark.parametrize("text", ["", "a", "0", "a-b_c.d", "A" * 63])
def test_these_are_label_values(text: str) -> None:
    assert is_label_value(text)


@pytest.mark.parametrize("text", ["-5", "a-", "a b", "é", "a/b", "A" * 64, "a\n"])
def test_these_are_not(text: str) -> None:
    assert not is_label_value(text)


@pytest.mark.parametrize("text", ["app", "game.kruise.io/gs-opsState", "gs-sync/x", "a.b/C_d"])
def test_these_are_keys(text: str) -> None:
    assert is_key(text)


@pytest.mark.parametrize("text", ["", "/a", "a/", "A.b/c", "a/b/c", "-a", "x" * 254 + "/a"])
def test_these_are_no_keys(text: str) -> None:
    assert not is_key(text)


@pytest.mark.parametrize("text", ["MyCompany.com/Team", "A.B/c", "app"])
def test_the_prefix_of_an_annotation_may_have_capitals(text: str) -> None:
    assert is_annotation_key(text)


@pytest.mark.parametrize("text", ["", "A b", "A/B/c", "x" * 254 + "/a"])
def test_these_are_no_keys_of_annotations(text: str) -> None:
    assert not is_annotation_key(text)
