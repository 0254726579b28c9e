from kubernetes import client

from okg.client.connection import Connection


class Tokens:
    """Reads configurations whose token is another one each time it is asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 100.0

    def load(self) -> client.Configuration:
        configuration = client.Configuration()
        configuration.host = "http://localhost"
        configuration.refresh_api_key_hook = self.refresh  # type: ignore[assignment] # untyped
        return configuration

    def refresh(self, configuration: client.Configuration) -> None:
        self.asked += 1
        configuration.api_key = {"BearerToken": f"Bearer {self.asked}"}

    def connection(self) -> Connection:
        return Connection(self.load, monotonic=lambda: self.now)


def test_the_header_is_asked_for_once_a_second_and_not_for_every_request() -> None:
    tokens = Tokens()
    connection = tokens.connection()

    at_once = [connection.authorization() for _ in range(3)]
    tokens.now += 0.9
    soon = connection.authorization()
    tokens.now += 0.1
    later = connection.authorization()

    assert at_once == ["Bearer 1", "Bearer 1", "Bearer 1"]
    assert (soon, later) == ("Bearer 1", "Bearer 2")


def test_the_header_is_asked_for_again_after_a_reload() -> None:
    tokens = Tokens()
    connection = tokens.connection()
    connection.authorization()

    connection.reload()

    assert connection.authorization() == "Bearer 2"
