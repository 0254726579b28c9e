"""Settings of ``okg manager`` that come from environment variables, under the names of upstream."""

import re
from collections.abc import Mapping
from datetime import timedelta

from okg.errors import ConfigError
from okg.workload.network_status import DEFAULT_PATIENCE, NetworkPatience

TOTAL_WAIT = "NETWORK_TOTAL_WAIT_TIME"
PROBE_INTERVAL = "NETWORK_PROBE_INTERVAL_TIME"

_SECONDS = re.compile(r"\+?[0-9]{1,9}", re.ASCII)


class InvalidEnvironment(ConfigError):
    """A variable makes no sense; ends the process as it does with OpenKruiseGame."""

    exit_code = 255


def network_patience(environment: Mapping[str, str]) -> NetworkPatience:
    """Return how long networks are waited for; what is not set or empty keeps its default.

    Raises:
        InvalidEnvironment: a variable is no whole number of seconds.
    """
    return NetworkPatience(
        total=_seconds(environment, TOTAL_WAIT, DEFAULT_PATIENCE.total),
        interval=_seconds(environment, PROBE_INTERVAL, DEFAULT_PATIENCE.interval),
    )


def _seconds(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    text = environment.get(name, "")
    if not text:
        return default
    if not _SECONDS.fullmatch(text) or not int(text):
        raise InvalidEnvironment(f"{name}={text!r}: write a whole number of seconds, 1 or more")
    return timedelta(seconds=int(text))
