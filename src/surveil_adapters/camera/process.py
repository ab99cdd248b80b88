"""One run of a program that writes H.264 to its standard output.

One thread waits on its pipes: pictures go to a bounded queue, the last lines of stderr are
kept for the error text. The program cannot outlive us: the kernel kills it with the thread
that opened it (`setpriv`, where installed), and at the latest its next write fails.
"""

import enum
import errno
import os
import selectors
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

from attrs import frozen

from surveil_adapters.camera.access_units import AccessUnitMaker
from surveil_adapters.camera.annexb import AnnexBDemuxer
from surveil_adapters.camera.coded_picture import Demuxer
from surveil_adapters.camera.damage import LOOK_EVERY_S, DamageWatch
from surveil_adapters.camera.flv import FlvDemuxer
from surveil_adapters.camera.stamp_lines import StampLines
from surveil_adapters.camera.unit_queue import UnitQueue
from surveil_core.errors import CameraUnavailable
from surveil_core.ports.clock import Clock
from surveil_core.video import AccessUnit, VideoFormat

_CHUNK_BYTES = 64 * 1024
_STDERR_TAIL_CHARS = 2000
_REASON_CHARS = 300
_TERMINATE_WITHIN_S = 2.0
_POLL_S = 0.1


class Container(enum.Enum):
    """What the pictures are wrapped in."""

    FLV = "flv"
    ANNEX_B = "Annex B"
    """An elementary stream, without time stamps."""


@frozen(kw_only=True)
class CameraCommand:
    """A program's command line, and how to read what it writes.

    `stamps_option` is the option by which the program takes a file for the times of its
    pictures (`stamp_lines`), where it has one. `stamps_are_monotonic` says that the times in FLV
    are those of the kernel's monotonic clock.
    """

    arguments: Sequence[str]
    container: Container
    stamps_option: str | None = None
    stamps_are_monotonic: bool = False


class ProcessCamera:
    """One run of a program. `start` and `read` are for one thread; `close` too.

    `describe` rewrites text of the program before anyone sees it (credentials).
    """

    def __init__(
        self,
        command: CameraCommand,
        *,
        video_format: VideoFormat,
        clock: Clock,
        describe: Callable[[str], str] = str,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._command = command
        self._clock = clock
        self._describe = describe
        self._queue = UnitQueue.for_format(video_format)
        self._units = AccessUnitMaker(DamageWatch(look_every_s=look_every_s))
        self._stamps = StampLines()
        self._demuxer: Demuxer = (
            FlvDemuxer(stamps_are_monotonic=command.stamps_are_monotonic)
            if command.container is Container.FLV
            else AnnexBDemuxer(self._stamps)
        )
        self._stamps_fd: int | None = None
        self._stderr_tail = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    @property
    def picture_size(self) -> tuple[int, int] | None:
        """Width and height in pixels of what comes, once it comes."""
        return self._units.picture_size

    @property
    def dropped_pictures(self) -> int:
        """How many pictures of this run found the queue full."""
        return self._queue.dropped_pictures

    def start(self, first_picture_within_s: float) -> None:
        """Start the program and wait for its first picture.

        Raises `CameraUnavailable` when it is not installed, dies or stays silent, or when the
        system has no process or thread to give.
        """
        try:
            self._process = self._run()
            self._thread = self._start_pump(self._process)
            self._await_first_picture(first_picture_within_s)
        except (OSError, RuntimeError) as error:
            self.close()
            raise CameraUnavailable(str(error)) from error
        except CameraUnavailable:
            self.close()
            raise

    def read(self, timeout_s: float) -> AccessUnit | None:
        """Wait for a picture. Raises `CameraUnavailable` once the program has ended."""
        return self._queue.get(timeout_s)

    def close(self) -> None:
        """End the program, reap it and close its pipes. Closing twice is safe."""
        process, self._process = self._process, None
        if process is not None:
            self._end(process)
        self._close_stamps()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(_TERMINATE_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._thread is not None:
            self._thread.join()
        self._units.close()
        self._queue.end("the camera was closed")
        _stdout(process).close()
        _stderr(process).close()

    def _run(self) -> subprocess.Popen[bytes]:
        """Start the program, with a third pipe where it writes stamps. Raises `OSError`."""
        arguments, passed_fds = list(self._command.arguments), []
        if self._command.stamps_option is not None:
            self._stamps_fd, written_fd = os.pipe()
            os.set_blocking(self._stamps_fd, False)
            arguments += [self._command.stamps_option, f"/proc/self/fd/{written_fd}"]
            passed_fds.append(written_fd)
        try:
            return subprocess.Popen(
                _wrapped(arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=passed_fds,
            )
        finally:
            for fd in passed_fds:
                os.close(fd)

    def _start_pump(self, process: subprocess.Popen[bytes]) -> threading.Thread:
        """Start the thread that carries the pipes. Raises `RuntimeError` where there is none."""
        thread = threading.Thread(
            target=self._pump, args=(process,), name="camera-pipe", daemon=True
        )
        thread.start()
        return thread

    def _close_stamps(self) -> None:
        stamps_fd, self._stamps_fd = self._stamps_fd, None
        if stamps_fd is not None:
            os.close(stamps_fd)

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
        self._take_stamps()
        try:
            for picture in self._demuxer.feed(chunk, arrived_at_s=self._clock.monotonic_s()):
                unit = self._units.unit(picture)
                if unit is not None:
                    self._queue.put(unit)
        except CameraUnavailable as error:
            return str(error)
        return None

    def _take_stamps(self) -> None:
        if self._stamps_fd is not None:
            with suppress(BlockingIOError):  # nothing new
                self._stamps.feed(os.read(self._stamps_fd, _CHUNK_BYTES))

    def _take_stderr(self, chunk: bytes) -> None:
        text = self._stderr_tail + chunk.decode("utf-8", "replace")
        if len(text) > _STDERR_TAIL_CHARS:
            # Whole lines only, so that `_describe` always sees a secret in one piece.
            text = text[-_STDERR_TAIL_CHARS:].partition("\n")[2]
        self._stderr_tail = text

    def _end_reason(self, status: int) -> str:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"{self._command.arguments[0]} {how}{self._stderr_reason(': ')}"

    def _stderr_reason(self, prefix: str) -> str:
        lines = [line.strip() for line in self._describe(self._stderr_tail).splitlines()]
        text = " | ".join(line for line in lines if line)
        return prefix + text[-_REASON_CHARS:] if text else ""


def _wrapped(arguments: Sequence[str]) -> list[str]:
    """Put what limits the program in front of it. Raises `FileNotFoundError`."""
    program = arguments[0]
    if shutil.which(program) is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
    prefix = []
    if shutil.which("setpriv"):
        prefix += ["setpriv", "--pdeathsig", "KILL"]
    return [*prefix, *arguments]


def _stdout(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def _stderr(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stderr is not None
    return process.stderr
