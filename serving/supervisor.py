"""Several workers below one process: uvicorn's supervisor, but that it ends at once.

uvicorn's asks one worker after the other whether it lives and heeds signals only in
between. A worker that still imports cannot answer, and of one that died before it could
nothing is heard: until its deadline, minutes later, a SIGTERM would have no effect.
And a worker does not outlive it.
"""

import os
import signal
from multiprocessing import parent_process
from threading import Thread
from types import FrameType

from uvicorn.supervisors import Multiprocess

_ENDS = (signal.SIGTERM, signal.SIGINT)


class Supervisor(Multiprocess):
    """Keeps `config.workers` processes alive until a signal ends them."""

    def init_processes(self) -> None:
        for one in _ENDS:
            signal.signal(one, self._end)
        super().init_processes()

    def keep_subprocess_alive(self) -> None:
        for worker in self.processes:
            # a worker has both ends of its pipe; with ours closed, whoever waits for
            # its answer hears that it died
            worker.child_conn.close()
        super().keep_subprocess_alive()

    def _end(self, number: int, _: FrameType | None) -> None:
        """Told at once: whoever starts dies of it, whoever serves ends its answers."""
        self.signal_queue.append(number)
        self.should_exit.set()
        for worker in self.processes:
            worker.process.terminate()


def end_with_supervisor() -> None:
    """Have this worker end when the process above it does, however that ended.

    One that was killed tells nobody. Its workers would answer for ever, with what they
    are, and hold the address: the service could not be started again.
    """
    supervisor = parent_process()
    if supervisor is None:
        return

    def wait() -> None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, name="supervisor", daemon=True).start()
