from datetime import timedelta

import pytest

from okg.cmd.environment import network_patience
from okg.errors import ConfigError
from okg.workload.network_status import NetworkPatience


@pytest.mark.parametrize(
    "environment",
    [{}, {"NETWORK_TOTAL_WAIT_TIME": ""}, {"NETWORK_PROBE_INTERVAL_TIME": "5"}],
)
def test_networks_are_waited_for_a_minute_and_looked_at_every_five_seconds(
    environment: dict[str, str],
) -> None:
    assert network_patience(environment) == NetworkPatience(
        timedelta(seconds=60), timedelta(seconds=5)
    )


def test_both_times_are_whole_seconds() -> None:
    patience = network_patience(
        {"NETWORK_TOTAL_WAIT_TIME": "+120", "NETWORK_PROBE_INTERVAL_TIME": "10"}
    )

    assert patience == NetworkPatience(timedelta(seconds=120), timedelta(seconds=10))


@pytest.mark.parametrize("text", ["1m", "1.5", " 5", "5_0", "-1", "0", "٣", "9999999999"])
def test_anything_else_ends_the_process_as_upstream_does(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        network_patience({"NETWORK_PROBE_INTERVAL_TIME": text})

    assert error.value.exit_code == 255
    assert "NETWORK_PROBE_INTERVAL_TIME" in str(error.value)
