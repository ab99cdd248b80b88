"""A camera that is a program writing H.264 to its standard output.

One thread waits on both of its pipes: pictures go to a bounded queue, the last lines of
stderr are kept for the error text. The program cannot outlive us: the kernel kills it
with the thread that opened it (`setpriv`, where installed), and at the latest its next
write fails.
"""

import errno
import os
import selectors
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import IO

from attrs import evolve

from surveil_adapters.camera.annexb import AccessUnitSplitter
from surveil_adapters.camera.damage import LOOK_EVERY_S, DamageWatch
from surveil_adapters.camera.unit_queue import UnitQueue
from surveil_core.errors import CameraUnavailable
from surveil_core.ports.clock import Clock
from surveil_core.video import AccessUnit, VideoFormat

_CHUNK_BYTES = 64 * 1024
_STDERR_TAIL_CHARS = 2000
_REASON_CHARS = 300
_TERMINATE_WITHIN_S = 2.0
_POLL_S = 0.1


class ProcessCamera:
    """One run of a program. `start` and `read` are for one thread; `close` too.

    `describe` rewrites text of the program before anyone sees it (credentials).
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        video_format: VideoFormat,
        clock: Clock,
        nice: int = 0,
        describe: Callable[[str], str] = str,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._arguments = list(arguments)
        self._clock = clock
        self._nice = nice
        self._describe = describe
        self._queue = UnitQueue.for_format(video_format)
        self._splitter = AccessUnitSplitter(DamageWatch(look_every_s=look_every_s))
        self._stderr_tail = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    @property
    def picture_size(self) -> tuple[int, int] | None:
        """Width and height in pixels of what comes, once it comes."""
        return self._splitter.picture_size

    @property
    def dropped_pictures(self) -> int:
        """How many pictures of this run found the queue full."""
        return self._queue.dropped_pictures

    def start(self, first_picture_within_s: float) -> None:
        """Start the program and wait for its first picture.

        Raises `CameraUnavailable` when it is not installed, dies or stays silent.
        """
        try:
            self._process = subprocess.Popen(
                _wrapped(self._arguments, self._nice),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise CameraUnavailable(str(error)) from error
        self._thread = threading.Thread(
            target=self._pump, args=(self._process,), name="camera-pipe", daemon=True
        )
        self._thread.start()
        try:
            self._await_first_picture(first_picture_within_s)
        except CameraUnavailable:
            self.close()
            raise

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for a picture. Raises `CameraUnavailable` once the program has ended."""
        return self._queue.get(timeout_s)

    def close(self) -> None:
        """End the program, reap it and close its pipes. Closing twice is safe."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_TERMINATE_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._thread is not None:
            self._thread.join()
        self._splitter.close()
        self._queue.end("the camera was closed")
        _stdout(process).close()
        _stderr(process).close()

    def _await_first_picture(self, within_s: float) -> None:
        deadline_s = self._clock.monotonic_s() + within_s
        while not self._queue.wait(_POLL_S):
            if self._clock.monotonic_s() >= deadline_s:
                raise CameraUnavailable(
                    f"no picture within {within_s:g} s{self._stderr_reason(': ')}"
                )
            if self._clock.wait_s(0):
                raise CameraUnavailable("asked to stop before the first picture")

    def _pump(self, process: subprocess.Popen[bytes]) -> None:
        """Carry both pipes until both have ended; runs in a thread of its own."""
        reason = "the thread that carries its pictures failed"  # should anything unforeseen come
        try:
            reason = self._carry(process)
        finally:
            self._queue.end(reason)

    def _carry(self, process: subprocess.Popen[bytes]) -> str:
        """Carry both pipes; return why there is no more."""
        problem = None
        with selectors.DefaultSelector() as selector:
            selector.register(_stdout(process), selectors.EVENT_READ, self._take_pictures)
            selector.register(_stderr(process), selectors.EVENT_READ, self._take_stderr)
            while selector.get_map() and problem is None:
                for key, _ in selector.select():
                    chunk = os.read(key.fd, _CHUNK_BYTES)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    problem = key.data(chunk) or problem
        if problem is not None:
            process.kill()
        return problem or self._end_reason(process.wait())

    def _take_pictures(self, chunk: bytes) -> str | None:
        try:
            for unit in self._splitter.feed(chunk, at_s=self._clock.monotonic_s()):
                self._queue.put(unit)
        except CameraUnavailable as error:
            return str(error)
        return None

    def _take_stderr(self, chunk: bytes) -> None:
        text = self._stderr_tail + chunk.decode("utf-8", "replace")
        if len(text) > _STDERR_TAIL_CHARS:
            # Whole lines only, so that `_describe` always sees a secret in one piece.
            text = text[-_STDERR_TAIL_CHARS:].partition("\n")[2]
        self._stderr_tail = text

    def _end_reason(self, status: int) -> str:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"{self._arguments[0]} {how}{self._stderr_reason(': ')}"

    def _stderr_reason(self, prefix: str) -> str:
        lines = [line.strip() for line in self._describe(self._stderr_tail).splitlines()]
        text = " | ".join(line for line in lines if line)
        return prefix + text[-_REASON_CHARS:] if text else ""


class ProgramSource:
    """A `VideoSource` whose pictures come from a program.

    `arguments` builds its command line for a format, and may raise
    `CameraUnavailable`; it is called anew at each `open`.
    """

    def __init__(
        self,
        *,
        name: str,
        simulated: bool,
        format: VideoFormat,
        clock: Clock,
        arguments: Callable[[VideoFormat], Sequence[str]],
        first_picture_within_s: float,
        nice: int = 0,
        describe: Callable[[str], str] = str,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self.name = name
        self.simulated = simulated
        self.format = format
        self._asked_format = format
        self._clock = clock
        self._arguments = arguments
        self._first_picture_within_s = first_picture_within_s
        self._nice = nice
        self._describe = describe
        self._look_every_s = look_every_s
        self._camera: ProcessCamera | None = None
        self._dropped_before = 0

    @property
    def dropped_pictures(self) -> int:
        """How many pictures found the queue full, in all runs together."""
        return self._dropped_before + (self._camera.dropped_pictures if self._camera else 0)

    def open(self) -> None:
        """Start the program and wait for its first picture; learn the true picture size.

        Raises `CameraUnavailable` with the program's own words.
        """
        self.close()
        camera = ProcessCamera(
            self._arguments(self._asked_format),
            video_format=self._asked_format,
            clock=self._clock,
            nice=self._nice,
            describe=self._describe,
            look_every_s=self._look_every_s,
        )
        camera.start(self._first_picture_within_s)
        self._camera = camera
        if camera.picture_size is not None:
            width, height = camera.picture_size
            self.format = evolve(self._asked_format, width=width, height=height)

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for a picture. Raises `CameraUnavailable` once the program has ended."""
        if self._camera is None:
            raise CameraUnavailable(f"{self.name} is not open; open() it before reading")
        return self._camera.read(timeout_s)

    def close(self) -> None:
        """End the program. Closing twice is safe."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
            self._dropped_before += camera.dropped_pictures


def _wrapped(arguments: Sequence[str], nice: int) -> list[str]:
    """Put what limits the program in front of it. Raises `FileNotFoundError`."""
    program = arguments[0]
    if shutil.which(program) is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
    prefix = []
    if shutil.which("setpriv"):
        prefix += ["setpriv", "--pdeathsig", "KILL"]
    if nice and shutil.which("nice"):
        prefix += ["nice", "-n", str(nice)]
    return [*prefix, *arguments]


def _stdout(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def _stderr(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stderr is not None
    return process.stderr
