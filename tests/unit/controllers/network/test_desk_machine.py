"""In any order: one question of a pod is open at a time, and nothing is told twice."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from okg.api.core import Pod
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.controllers.network.desk_state import Answered, DeskState, Failed, Open, Resting
from unit.fleet import a_pod

KEY = "games/xxx-0"


class Desk(RuleBasedStateMachine):
    """One pod, asked about two subjects."""

    def __init__(self) -> None:
        super().__init__()
        self.state = DeskState()
        self.now = 0.0
        self.versions = 0
        self.open: Pod | None = None
        self.untold: Pod | PluginError | None = None

    @rule(about=st.sampled_from(["conf", "corrected"]))
    def ask(self, about: str) -> None:
        self.versions += 1
        pod = a_pod(annotations={"version": str(self.versions)})

        match self.state.ask(KEY, about, pod, self.now):
            case Open(begin=True):
                assert self.open is None
                self.open, self.untold = pod, None
            case Open():
                assert self.open is not None
            case Answered(asked=asked, wanted=wanted):
                assert wanted is self.untold
                assert asked is not None
                self.untold = None
            case Failed(error=error, fresh=fresh):
                assert fresh == (error is self.untold)
                self.untold = None if fresh else self.untold
            case Resting(again=again):
                assert again > 0
                assert self.open is None

    @precondition(lambda self: self.open is not None)
    @rule(how=st.sampled_from(["same", "changed", "failed"]))
    def settle(self, how: str) -> None:
        assert self.open is not None
        outcomes: dict[str, Pod | PluginError] = {
            "same": self.open,
            "changed": a_pod(annotations={"wanted": "more"}),
            "failed": PluginError(PluginErrorType.RETRY, "later"),
        }
        self.state.settle(KEY, self.open, outcomes[how], self.now)
        self.open, self.untold = None, outcomes[how]

    @rule(seconds=st.floats(0.1, 70.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def forget(self) -> None:
        self.state.forget(KEY)
        self.open, self.untold = None, None

    @invariant()
    def one_pod_is_one_entry(self) -> None:
        assert len(self.state) <= 1


TestDesk = Desk.TestCase
