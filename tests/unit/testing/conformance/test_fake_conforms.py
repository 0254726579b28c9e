"""The conformance suite against the fake server."""

from conformance.suite import *  # noqa: F403
