import pytest

from okg.workload.native.images import kubelet_hash, same_image


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("game:1", "game:1"),
        ("game", "game:latest"),
        ("nginx:1", "docker.io/library/nginx:1"),
        ("nginx", "index.docker.io/library/nginx:latest"),
        ("docker.io/nginx", "nginx"),
        ("org/game:1", "docker.io/org/game:1"),
        ("nginx@sha256:a", "docker.io/library/nginx@sha256:a"),
    ],
)
def test_a_short_name_is_the_same_as_the_full_one(one: str, other: str) -> None:
    assert same_image(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("game:1", "game:2"),
        ("game:1", "org/game:1"),
        ("registry:5000/game", "game"),
        ("localhost/game", "game"),
        ("ghcr.io/game:1", "game:1"),
        ("registry:5000/game", "registry:5000/game:1"),
        ("sha256:a", "game:1"),
    ],
)
def test_other_names_are_other_images(one: str, other: str) -> None:
    assert not same_image(one, other)


def test_the_hash_of_a_container_is_that_of_the_kubelet() -> None:
    # From the tests of Kubernetes 1.31.
    assert kubelet_hash("test_container", "foo/image:v1") == 0x8E45CBD0
