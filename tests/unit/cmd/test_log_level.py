"""The signal that changes the level of the log."""

import os
import signal
import threading

from okg.cmd.log_level import switching_on_signal
from okg.telemetry.levels import Threshold


def told() -> None:
    """Wait for the thread that logs."""
    telling = [thread for thread in threading.enumerate() if thread.name == "okg-log-level"]
    for thread in telling:
        thread.join()


def test_a_signal_switches_debug_on_and_the_next_one_off() -> None:
    threshold = Threshold(20)

    with switching_on_signal(threshold):
        os.kill(os.getpid(), signal.SIGUSR1)
        first = threshold.level
        told()
        os.kill(os.getpid(), signal.SIGUSR1)
        told()

    assert (first, threshold.level) == (10, 20)


def test_afterwards_the_signal_is_what_it_was() -> None:
    before = signal.getsignal(signal.SIGUSR1)

    with switching_on_signal(Threshold(20)):
        during = signal.getsignal(signal.SIGUSR1)

    assert during != before
    assert signal.getsignal(signal.SIGUSR1) == before


def test_outside_of_the_main_thread_nothing_happens() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    during: list[object] = []

    def run() -> None:
        with switching_on_signal(Threshold(20)):
            during.append(signal.getsignal(signal.SIGUSR1))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert during == [before]
