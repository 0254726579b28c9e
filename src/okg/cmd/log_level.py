"""The level of the log while the process runs: SIGUSR1 switches debug on, and off again.

A signal and no endpoint, because the ports of metrics and health ask nobody who they are; sending
a signal takes the right to run commands in the pod.
"""

import logging
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from okg.telemetry.levels import Threshold
from okg.telemetry.logging import get_logger


@contextmanager
def switching_on_signal(threshold: Threshold) -> Generator[None]:
    """Let SIGUSR1 toggle ``threshold`` meanwhile; does nothing outside of the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def switch(_number: int, _frame: FrameType | None) -> None:
        level = threshold.toggle()
        # In a thread of its own: the one interrupted here may hold the log's lock.
        threading.Thread(target=_tell, args=[level], name="okg-log-level").start()

    before = signal.signal(signal.SIGUSR1, switch)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def _tell(level: int) -> None:
    name = logging.getLevelName(level).lower()
    get_logger("setup").info("the log level was switched", log_level=name)
