"""No process of the stack outlives the one that started it, however that one ended (Linux; elsewhere a no-op)."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>

_libc = ctypes.CDLL(None)


def die_with(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to send this process `number` when its parent dies.

    Called in the child, after it dropped its rights: a change of user would clear the wish. `parent` is the pid it
    should still have; where it has another already, the parent died before the kernel knew whom to watch.
    """
    if sys.platform != "linux":
        return
    _libc.prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(1)
