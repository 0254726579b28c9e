"""CloudSimulator: vendors' controllers that run by themselves, for a real API server."""

from collections.abc import Sequence

from okg.cache.informers import Informers
from okg.client.rest import ApiClient
from okg.context import Context
from okg.runtime.controller import Controller
from okg.runtime.handlers import enqueue_object
from okg.runtime.reconcile import Request
from okg.runtime.watch import Watch
from okg.testing.cloud.line import AnyLine
from okg.testing.cloud.reconciler import CloudReconciler, Troubles
from okg.testing.standalone import run_standalone


class CloudSimulator:
    """Answers what objects ask vendors for, until it is told to stop.

    The kinds that lines make, such as PodEIP, must be served; they are not watched.

    Args:
        api: live client with the rights of a cluster administrator.
        lines: what the vendors do, e.g. ``ALIBABACLOUD``.
        troubles: what goes wrong; may be changed while it runs.
    """

    def __init__(
        self, api: ApiClient, lines: Sequence[AnyLine], troubles: Troubles | None = None
    ) -> None:
        self.troubles = troubles or Troubles()
        self._informers = Informers(api)
        self._kinds = list(dict.fromkeys(line.kind for line in lines))
        reconciler = CloudReconciler(api, lines, self.troubles)
        self._controller = Controller(
            "cloud-simulator", reconciler, [Watch(kind, enqueue_object) for kind in self._kinds]
        )

    def resync(self) -> None:
        """Look at everything anew, as is due when the troubles have changed."""
        for kind in self._kinds:
            for obj in self._informers.informer(kind).store.list():
                self._controller.enqueue(Request.of(obj))

    def run(self, ctx: Context) -> None:
        """Answer until the context is done."""
        run_standalone(ctx, self._controller, self._informers)
