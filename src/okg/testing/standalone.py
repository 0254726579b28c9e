"""A controller that runs without a manager."""

from okg.cache.informers import Informers
from okg.context import Context
from okg.runtime.controller import Controller
from okg.threads import ThreadGroup


def run_standalone(ctx: Context, controller: Controller, informers: Informers) -> None:
    """Run a controller on a cache of its own until the context is done."""
    controller.attach(informers)
    group = ThreadGroup(ctx)
    group.start(f"{controller.name}-informers", informers.run)
    informers.wait_for_sync(group.ctx)
    group.start(controller.name, controller.run)
    group.join()
