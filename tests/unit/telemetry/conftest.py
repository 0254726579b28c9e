"""Fixtures of the tests of logs and spans."""

import logging
import sys
import threading
from collections.abc import Generator

import pytest
import structlog

_SET = ("urllib3", "opentelemetry", "opentelemetry.exporter")
"""Loggers whose levels are set by who logs."""


@pytest.fixture(autouse=True)
def put_back() -> Generator[None]:
    """Take back what a test has set up for the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = threading.excepthook, sys.excepthook
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    for name in _SET:
        logging.getLogger(name).setLevel(logging.NOTSET)
    root.handlers[:] = handlers
    root.setLevel(level)
    threading.excepthook, sys.excepthook = hooks
