"""The client-side limit of requests a second."""

from okg.client.throttle import Throttle


def test_callers_wait_their_turn_after_a_burst() -> None:
    slept: list[float] = []
    throttle = Throttle(5.0, 2, monotonic=lambda: 0.0, sleep=slept.append)

    for _ in range(4):
        throttle.wait()

    assert slept == [0.2, 0.4]
