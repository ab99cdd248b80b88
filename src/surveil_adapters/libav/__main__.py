"""`python -m surveil_adapters.libav`: one task, asked for at standard input, and its answer.

Started by `process`. Imports little, since it starts anew for each clip: no attrs, nothing
of the core. The request is `{"parent_pid": n, "task": name, "arguments": {...}}`; the answer is
`{"result": ...}`, `{"data_lost": reason}` or `{"unavailable": reason}`, both as JSON.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from surveil_adapters.libav.failures import DataProblem, Refusal
from surveil_adapters.libav.keyframes import look
from surveil_adapters.libav.video import make_video

TASKS: Mapping[str, Callable[..., Any]] = {
    "look at a keyframe": look,
    "make the video": make_video,
}

MAX_CPU_S = 120
"""Wrapping half an hour of video takes far less on a Pi Zero; damage may go round in circles."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Do the task."""
    request = json.load(sys.stdin)
    _stay_below(request["parent_pid"])
    try:
        answer = {"result": TASKS[request["task"]](**request["arguments"])}
    except DataProblem as error:
        answer = {"data_lost": str(error)}
    except Refusal as error:
        answer = {"unavailable": str(error)}
    sys.stdout.write(json.dumps(answer))


def _stay_below(parent_pid: int) -> None:
    """Die with the parent, and let the kernel take this one first when memory ends.

    A process that went on alone would write a clip that the next run makes again.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        sys.exit("the process that asked is gone")
    for number in (signal.SIGTERM, signal.SIGINT):  # who asked decides when it is time to end
        signal.signal(number, signal.SIG_IGN)
    for courtesy in (_limit_itself, _offer_itself):
        with suppress(OSError, ValueError):  # systemd and containers forbid one or the other
            courtesy()


def _limit_itself() -> None:
    _limit(resource.RLIMIT_CPU, MAX_CPU_S)
    _limit(resource.RLIMIT_CORE, 0)


def _offer_itself() -> None:
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _limit(which: int, value: int) -> None:
    """Lower a limit to `value` where it is higher."""
    soft, hard = resource.getrlimit(which)
    if soft == resource.RLIM_INFINITY or soft > value:
        resource.setrlimit(which, (value, hard))


if __name__ == "__main__":
    main()
