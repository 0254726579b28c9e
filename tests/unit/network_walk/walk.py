"""A random walk with one network type: servers, users, a cloud and replicas, and what must hold.

All of it is one thread and one source of chance, so a seed is a history that can be had again.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random

from okg.api.core import Pod
from okg.cloudprovider.operation import Operation
from okg.cloudprovider.plugin import PluginError
from okg.cloudprovider.pool import Pool, pools_of
from okg.errors import OkgError
from okg.testing.apiserver import LoseAnswer, Refuse, Unreachable
from okg.testing.apiserver.faults import Effect
from okg.testing.network import Killed, Replica, Scenario, Stage
from okg.testing.network.judge import complaints
from okg.workload.names import NETWORK_DISABLED

SERVERS = 6
"""Ordinals that there may be; more than a pool has room for."""

CLAIMS_LAST = 700.0
"""Seconds after which a port that was claimed and never used is free again, and some more."""

LONGEST_LAG = 150.0
"""Seconds after which a watch that says nothing is given up; see ``okg.cache.reflector``."""

EFFECTS: Sequence[Effect] = (
    Refuse(status=409, reason="Conflict"),
    Refuse(status=500, reason="InternalError"),
    Refuse(status=429, reason="TooManyRequests", retry_after=1),
    Unreachable(),
    LoseAnswer(),
    LoseAnswer(),
)
_FULL = re.compile(r"(\S+(?: and \S+)*) ha(?:s|ve) (\d+) free of \d+")
_WANTED = re.compile(r"(\d+) wanted")
_PARTITIONED = 0.3
"""Part of the changed configurations that reach new servers only."""

_SHOWN = 40


class Broken(AssertionError):
    """Something did not hold; the message has seed and step, and what happened last."""


class NetworkWalk:
    """One history.

    Args:
        seed: of all chance.
        scenario: the network type.
        family: whose walk it is, to tell how it is had again.

    Attributes:
        stage: where it takes place.
        trail: what happened last.
    """

    def __init__(self, seed: int, scenario: Scenario, family: str = "") -> None:
        self.seed = seed
        self.step = 0
        self.scenario = scenario
        self._family = family
        self._random = Random(seed)
        self.trail: deque[str] = deque(maxlen=_SHOWN)
        self._confs = [
            conf
            for conf in (
                scenario.conf,
                scenario.other_ports,
                scenario.fixed,
                scenario.more_room,
                scenario.elsewhere,
            )
            if conf is not None
        ]
        self._strikes = self._deaths = 0.0
        self._busy = False
        self.stage = Stage(scenario, collect=False)
        self.stage.replicas = [self._armed(self.stage.replicas[0])]
        self._steps: Sequence[tuple[float, Callable[[], str]]] = (
            (8, self._scale),
            (6, self._recreate),
            (5, self._switch),
            (3, self._configure),
            (0.5, self._replace_set),
            (2, self._restart),
            (3, self._follow),
            (4, self._trouble_cloud),
            (2, self._change_weather),
            (4, self._pass_time),
            (30, self._look),
            (14, self._run),
            (10, self._serve),
            (10, self._hear),
            (3, self._tidy),
            (3, self._collect),
            (1.5, self._rest),
        )

    def run(self, steps: int) -> None:
        """Go so many steps, and come to rest.

        Raises:
            Broken: something did not hold.
        """
        weights = [weight for weight, _ in self._steps]
        for _ in range(steps):
            self.step += 1
            act = self._random.choices([act for _, act in self._steps], weights)[0]
            self._do(act)
        self._do(self._rest)

    def _do(self, act: Callable[[], str]) -> None:
        try:
            self._note(act())
        except Killed:
            self._bury()
        except AssertionError as error:
            raise Broken(self._report(str(error))) from error

    # Users.

    def _scale(self) -> str:
        replicas = self._random.randrange(SERVERS + 1)
        for pod in self.stage.pods():
            if int(pod.metadata.name.rpartition("-")[2]) >= replicas:
                self.stage.delete(pod, replica=self._any())
        for ordinal in range(replicas):
            self.stage.add(ordinal, replica=self._any())
        return f"{replicas} servers"

    def _recreate(self) -> str:
        pods = self.stage.pods()
        if not pods:
            return "no server to replace"
        pod = self._random.choice(pods)
        self.stage.delete(pod, replica=self._any())
        return f"{pod.metadata.name} is deleted"

    def _switch(self) -> str:
        ordinal, disabled = self._random.randrange(SERVERS), self._random.random() < 0.5
        self.stage.disable(ordinal, disabled=disabled)
        return f"server {ordinal} is {'cut off' if disabled else 'let in'}"

    def _configure(self) -> str:
        conf, told = self._random.choice(self._confs), self._random.random()
        if told < _PARTITIONED:
            self.stage.conf = conf
            return f"conf {self._confs.index(conf)} for servers to come"
        self.stage.configure(conf)
        return f"conf {self._confs.index(conf)}"

    def _replace_set(self) -> str:
        self.stage.remove_set()
        for pod in self.stage.pods():
            self.stage.delete(pod, replica=self._any())
        self.stage.server.collect_garbage()
        if self.stage.gss is None:
            self.stage.found_set()
        return "the set is deleted and made anew"

    # Processes.

    def _restart(self) -> str:
        number = self._any()
        self.stage.replicas[number] = self._started()
        return f"replica {number} starts anew"

    def _follow(self) -> str:
        """Let there be two replicas, or let the other one lead."""
        if len(self.stage.replicas) == 1:
            self.stage.replicas.append(self._started())
            return "a second replica starts"
        self.stage.replicas.reverse()
        # Whoever begins to lead waits for its caches before it keeps the records.
        self.stage.replicas[0].hear()
        return "the other replica leads"

    def _look(self, replica: int | None = None) -> str:
        pods = self.stage.pods()
        if not pods:
            return "no server to look at"
        number = self._any() if replica is None else replica
        pod = self._random.choice(pods)
        if pod.metadata.deletion_timestamp is not None and self._random.random() < 0.5:
            return "not looked at"
        known = self._known(pod, number) if self._random.random() < 0.3 else pod
        if known is None:
            return "not known yet"
        self.stage.look(known, replica=number)
        why = self.stage.failures.get(pod.metadata.name)
        return f"replica {number} looks at {pod.metadata.name}{f': {why}' if why else ''}"

    def _known(self, pod: Pod, number: int) -> Pod | None:
        """Return a pod as a replica knows it."""
        meta = pod.metadata
        return self.stage.replicas[number].client.get(Pod, meta.namespace, meta.name)

    def _hear(self) -> str:
        number = self._any()
        if self._random.random() < 0.4:
            feed = self._random.choice(self.stage.replicas[number].feeds)
            feed.deliver(self._random.randrange(1, 4))
            return f"replica {number} hears some of {feed.kind}"
        self.stage.replicas[number].hear()
        return f"replica {number} hears all"

    def _tidy(self) -> str:
        self.stage.replicas[0].tidy()
        return "the leader tidies"

    # Nodes, cloud and time.

    def _run(self, replica: int | None = None) -> str:
        pods = self.stage.pods()
        if not pods:
            return "no pod to run"
        pod = self._random.choice(pods)
        self.stage.run_pod(pod, replica=self._any() if replica is None else replica)
        return f"{pod.metadata.name} goes on"

    def _serve(self) -> str:
        self.stage.serve()
        return "the cloud works"

    def _collect(self) -> str:
        self.stage.server.collect_garbage()
        return "garbage goes"

    def _trouble_cloud(self) -> str:
        troubles = self.stage.troubles
        troubles.closed = self._random.random() < 0.2
        troubles.withdrawn = self._random.random() < 0.1
        troubles.delay = self._random.choice([0.0, 0.0, 30.0])
        troubles.quota = self._random.choice([None, None, 2])
        troubles.overlooked = self._random.choice([0, 0, 3])
        troubles.halves = self._random.choice([0, 0, 2])
        troubles.repeats = self._random.choice([0, 0, 1])
        return f"troubles {vars(troubles)}"

    def _change_weather(self) -> str:
        self._strikes = self._random.choice([0.0, 0.0, 0.1, 0.4])
        self._deaths = self._random.choice([0.0, 0.0, 0.02])
        return f"{self._strikes:.0%} of the writes fail, {self._deaths:.0%} are the last"

    def _pass_time(self) -> str:
        seconds = self._random.choice([0.1, 1.0, 10.0, 60.0, CLAIMS_LAST])
        if seconds > LONGEST_LAG:
            for replica in self.stage.replicas:
                replica.hear()
        self.stage.clock.advance(seconds)
        return f"{seconds} s go by"

    # What lies between.

    def _any(self) -> int:
        return self._random.randrange(len(self.stage.replicas))

    def _started(self) -> Replica:
        return self._armed(self.stage.start())

    def _armed(self, replica: Replica) -> Replica:
        """Let the replica's requests fail, be late, or be its last, as chance has it."""
        replica.wire.strike = self._strike
        replica.wire.meanwhile = partial(self._meanwhile, replica)
        return replica

    def _strike(self, _: int) -> Effect | None:
        return self._random.choice(EFFECTS) if self._random.random() < self._strikes else None

    def _meanwhile(self, writer: Replica) -> None:
        """Let somebody be faster than a write that is on its way, or the writer die."""
        if self._busy or not self._strikes:
            return
        if self._random.random() < self._deaths:
            raise Killed
        if self._random.random() < 0.2:
            self._busy = True
            try:
                self._note(f"meanwhile {self._something(writer)}")
            finally:
                self._busy = False

    def _something(self, writer: Replica) -> str:
        """Do what is not the writer's: that is one thread here, and waits for the answer."""
        others = [number for number, it in enumerate(self.stage.replicas) if it is not writer]
        acts = [self._serve, self._collect]
        if others:
            other = self._random.choice(others)
            acts += [partial(self._look, other), partial(self._run, other)]
        return self._random.choice(acts)()

    def _bury(self) -> None:
        """Replace all processes: who died does not matter."""
        self._note("a process was killed")
        self.stage.replicas = [self._started() for _ in self.stage.replicas]

    # Rest.

    def _rest(self) -> str:
        """Let everything be done that there is to do, and see whether it is well."""
        self._strikes = self._deaths = 0.0
        stage, troubles = self.stage, self.stage.troubles
        troubles.closed = troubles.withdrawn = False
        troubles.delay, troubles.quota = 0.0, None
        troubles.overlooked = troubles.halves = troubles.repeats = 0
        stage.settle()
        stage.wait(CLAIMS_LAST)
        for words in (*complaints(stage), *self._unserved()):
            raise AssertionError(words)
        self._try_again()
        return f"all calm with {len(stage.pods())} servers, {len(stage.failures)} without room"

    def _unserved(self) -> Iterator[str]:
        """Yield servers that are not as they should be, for no good reason."""
        stage = self.stage
        for pod in stage.pods():
            name = pod.metadata.name
            ordinal = int(name.rpartition("-")[2])
            failure = stage.failures.get(name)
            cut = pod.metadata.labels.get(NETWORK_DISABLED) == "true"
            if failure is not None:
                yield from self._unfounded(name, failure)
            elif not stage.is_ready(ordinal) and not (cut and stage.scenario.isolates):
                yield f"{name} is stuck: {stage.status(ordinal)}"
            elif stage.scenario.isolates and stage.reached(ordinal) is cut:
                yield f"{name} is {'reached' if cut else 'not reached'}"
            elif stage.scenario.isolates and stage.is_ready(ordinal) is cut:
                yield f"{name} is told {stage.status(ordinal)} and {'cut off' if cut else 'let in'}"

    def _unfounded(self, name: str, failure: OkgError) -> Iterator[str]:
        """Yield that a server is refused although there is room."""
        told, wanted = _FULL.findall(str(failure)), _WANTED.search(str(failure))
        if not isinstance(failure, PluginError) or not told or wanted is None:
            yield f"{name} is refused: {failure!r}"
            return
        [pool] = self._pools()
        for names, number in told:
            free = pool.allowed.bits
            for balancer in names.split(" and "):
                free &= ~pool.index.in_use(balancer)
            if free.bit_count() != int(number) or free.bit_count() >= int(wanted[1]):
                yield f"{name} is refused, but {names} has {free.bit_count()} free: {failure}"

    def _pools(self) -> Sequence[Pool]:
        """Return pools that know all there is."""
        pools = pools_of([self.scenario.install()])
        for pool in pools:
            for kind in pool.kinds:
                for obj in self.stage.server.objects(kind):
                    pool.observe(None, obj)
        return pools

    def _try_again(self) -> None:
        """See that nothing is said or written when everybody is asked once more."""
        stage, before = self.stage, self.stage.server.revision
        for replica in stage.replicas:
            replica.hear()
            for pod in stage.pods():
                answer = replica.ask(Operation.UPDATE, pod)
                if not isinstance(answer, OkgError) and answer != pod:
                    raise AssertionError(f"{pod.metadata.name} is told something new: {answer}")
        if stage.server.revision != before:
            raise AssertionError("something is written at rest")

    # What is told.

    def _note(self, words: str) -> None:
        self.trail.append(f"{self.step}: {words}")

    def _report(self, words: str) -> str:
        return "\n".join(
            [
                f"{self.scenario.name}, seed {self.seed}, step {self.step}: {words}",
                f"again: hack/walk-networks {self._again}",
                *self.trail,
            ]
        )

    @property
    def _again(self) -> str:
        return f"--family {self._family} --seed {self.seed} --steps {self.step}"
