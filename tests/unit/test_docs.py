"""Code in the documentation that needs no server."""

from doc_examples import example


def test_the_fake_server_example_runs() -> None:
    exec(compile(example("embedding.md", "fake"), "fake", "exec"), {})
