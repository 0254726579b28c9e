"""The token bucket."""

from okg.ratelimit import TokenBucket


def test_a_burst_goes_at_once_and_the_rest_at_the_rate() -> None:
    bucket = TokenBucket(10.0, 2)

    delays = [bucket.reserve(5.0) for _ in range(4)]

    assert delays == [0.0, 0.0, 0.1, 0.2]


def test_quiet_time_fills_the_bucket_up_to_the_burst() -> None:
    bucket = TokenBucket(10.0, 2)
    for _ in range(2):
        bucket.reserve(0.0)

    delays = [bucket.reserve(60.0) for _ in range(3)]

    assert delays == [0.0, 0.0, 0.1]
