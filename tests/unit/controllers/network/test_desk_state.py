"""What a plugin is asked, when, and what becomes of its answers."""

from okg.api.core import Pod
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.controllers.network.desk_state import Answered, DeskState, Failed, Open, Resting
from unit.fleet import a_pod

KEY = "games/xxx-0"
POD = a_pod()
OTHER = a_pod(annotations={"a": "b"})
ERROR = PluginError(PluginErrorType.PARAMETER, "no port is free")
BEGIN = Open(begin=True, again=8.0)


def asked(pod: Pod = POD) -> DeskState:
    state = DeskState()
    state.ask(KEY, "conf", pod, 0.0)
    return state


def test_a_pod_has_one_question_at_a_time() -> None:
    state = DeskState()

    assert state.ask(KEY, "conf", POD, 0.0) == BEGIN
    assert state.ask(KEY, "conf", POD, 1.0) == Open(again=7.0)
    assert state.ask(KEY, "something else", OTHER, 2.0) == Open(again=6.0)


def test_that_a_plugin_is_late_is_told_once() -> None:
    state = asked()

    assert state.ask(KEY, "conf", POD, 8.0) == Open(late=True)
    assert state.ask(KEY, "conf", POD, 20.0) == Open()


def test_an_answer_is_told_once_however_late_and_then_the_plugin_is_asked_again() -> None:
    state = asked()
    state.settle(KEY, POD, POD, 30.0)

    assert state.ask(KEY, "conf", OTHER, 90.0) == Answered(POD, POD, unchanged=1)
    assert state.ask(KEY, "conf", OTHER, 90.0) == BEGIN
    state.settle(KEY, OTHER, OTHER, 91.0)
    assert state.ask(KEY, "conf", OTHER, 91.0) == Answered(OTHER, OTHER, unchanged=2)


def test_an_answer_that_changes_the_pod_is_followed_by_a_pause_that_doubles() -> None:
    state = asked()
    state.settle(KEY, POD, OTHER, 0.0)

    assert state.ask(KEY, "conf", POD, 0.0) == Answered(POD, OTHER, unchanged=0)
    assert state.ask(KEY, "conf", POD, 0.25) == Resting(0.25)
    assert state.ask(KEY, "conf", POD, 0.5) == BEGIN
    state.settle(KEY, POD, OTHER, 1.0)
    assert state.ask(KEY, "conf", POD, 1.0) == Answered(POD, OTHER, unchanged=0)
    assert state.ask(KEY, "conf", POD, 1.5) == Resting(0.5)


def test_a_failure_is_told_freshly_once_and_tried_again_after_a_pause() -> None:
    state = asked()
    state.settle(KEY, POD, ERROR, 10.0)

    assert state.ask(KEY, "conf", POD, 10.0) == Failed(ERROR, 0.5, fresh=True)
    assert state.ask(KEY, "conf", POD, 10.25) == Failed(ERROR, 0.25, fresh=False)
    assert state.ask(KEY, "conf", POD, 10.5) == Open(begin=True, again=8.0, failure=ERROR)
    assert state.ask(KEY, "conf", POD, 11.5) == Open(again=7.0, failure=ERROR)
    state.settle(KEY, POD, POD, 12.0)
    state.ask(KEY, "conf", POD, 12.0)
    assert state.ask(KEY, "conf", POD, 12.0) == BEGIN


def test_a_failure_is_known_until_the_plugin_answers() -> None:
    state = asked()
    before = state.failure_of(KEY)
    state.settle(KEY, POD, ERROR, 10.0)
    failed = state.failure_of(KEY)
    state.ask(KEY, "conf", POD, 10.0)
    state.ask(KEY, "conf", POD, 10.5)
    asked_again = state.failure_of(KEY)
    state.settle(KEY, POD, POD, 12.0)

    assert (before, failed, asked_again) == (None, ERROR, ERROR)
    assert state.failure_of(KEY) is None
    assert state.failure_of("games/nobody") is None


def test_a_failure_is_told_even_if_it_is_time_to_try_again() -> None:
    state = asked()
    state.settle(KEY, POD, ERROR, 10.0)

    assert state.ask(KEY, "conf", POD, 99.0) == Failed(ERROR, 0.0, fresh=True)
    assert state.ask(KEY, "conf", POD, 99.0) == Open(begin=True, again=8.0, failure=ERROR)


def test_a_pause_is_a_minute_at_most() -> None:
    state = DeskState()
    for turn in range(20):
        state.ask(KEY, "conf", POD, 100.0 * turn)
        state.settle(KEY, POD, ERROR, 100.0 * turn)
        state.ask(KEY, "conf", POD, 100.0 * turn)

    assert state.ask(KEY, "conf", POD, 1910.0) == Failed(ERROR, 50.0, fresh=False)


def test_another_subject_starts_over_at_once() -> None:
    state = asked()
    state.settle(KEY, POD, ERROR, 1.0)
    state.ask(KEY, "conf", POD, 1.0)

    assert state.ask(KEY, "corrected", POD, 1.0) == BEGIN
    state.settle(KEY, POD, ERROR, 2.0)
    assert state.ask(KEY, "corrected", POD, 2.0) == Failed(ERROR, 0.5, fresh=True)


def test_an_answer_to_a_pod_that_was_forgotten_meanwhile_is_nobodys() -> None:
    state = asked()
    state.forget(KEY)
    state.settle(KEY, POD, OTHER, 1.0)
    first = state.ask(KEY, "conf", OTHER, 2.0)

    state.settle(KEY, POD, POD, 3.0)

    assert first == BEGIN
    assert state.ask(KEY, "conf", OTHER, 4.0) == Open(again=6.0)
    state.forget(KEY)
    assert len(state) == 0
