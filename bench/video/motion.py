"""Debian's `motion` as a recorder: what it is told, and how it is triggered.

It is the one on the PATH, else the packages are unpacked into a folder of the user's cache, as
`apt-get` would fetch them and without installing anything.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
from attrs import define, field, frozen

from bench.delivery.peers import Absent, cache_folder
from bench.processes import start, stop
from bench.video import footage
from bench.video.place import Place
from tests.rig.brokers import free_port
from tests.waiting import wait_for

_PACKAGE = "motion"
_WHOLE = "unpacked"
_WITHIN_S = 300
_TIMEOUT_S = 5.0
_DONE = ".done"
_STARTS_UP_S = 8.0
"""It takes no trigger for 2 s of pictures and the pre-roll's."""
_HAS_PICTURES = "Camera ((null)) connected"
"""It says so in its log after it has decoded; its web control says OK long before."""

CONFIGURATION = """\
daemon off
setup_mode off
log_level 6
netcam_url {url}
width {width}
height {height}
framerate {fps}
pause on
pre_capture {pre_capture}
post_capture 0
movie_output on
movie_max_time 0
picture_output off
target_dir {folder}
movie_filename %v
on_movie_end touch %f{done}
webcontrol_port {port}
webcontrol_localhost on
webcontrol_interface 1
stream_port 0
"""
"""`pause on` spares it the search for motion: the trigger comes from outside, as for us."""


@frozen(kw_only=True)
class Program:
    """How it is started."""

    path: str
    environment: Mapping[str, str]


def motion_program() -> Program:
    """Find it, or unpack it. Raises `Absent`."""
    found = shutil.which(_PACKAGE)
    if found is not None:
        return Program(path=found, environment=dict(os.environ))
    folder = cache_folder() / "motion-debian"
    if not (folder / _WHOLE).is_file():
        _unpack_into(folder)
        (folder / _WHOLE).touch()
    libraries = ":".join(str(path) for path in sorted((folder / "usr/lib").glob("*-linux-gnu*")))
    environment = dict(os.environ) | {"LD_LIBRARY_PATH": libraries}
    return Program(path=str(folder / "usr/bin/motion"), environment=environment)


def version(program: Program) -> str:
    """Say which one it is, such as `4.5.1`."""
    said = subprocess.run(
        [program.path, "-h"], env=program.environment, capture_output=True, text=True, check=False
    )
    return said.stdout.partition(",")[0].removeprefix("motion Version ").strip()


def packages_of(simulated: str) -> list[str]:
    """Read which packages `apt-get --simulate install` would install."""
    lines = [line.split() for line in simulated.splitlines()]
    return [words[1] for words in lines if len(words) > 1 and words[0] == "Inst"]


def _unpack_into(folder: Path) -> None:
    packages = folder / "packages"
    try:
        packages.mkdir(parents=True, exist_ok=True)
        asked = ["apt-get", "--simulate", "--no-install-recommends", "install", _PACKAGE]
        names = packages_of(_run(asked, packages))
        _run(["apt-get", "download", *names], packages)
        for package in sorted(packages.glob("*.deb")):
            _run(["dpkg-deb", "-x", str(package), str(folder)], packages)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise Absent(f"absent: cannot be had here: {said.strip()[-150:]}") from error


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_WITHIN_S, check=True
    )
    return done.stdout


@define
class Motion:
    """A running motion. The `Recorder` of `peers`."""

    place: Place
    folder: Path
    _process: "subprocess.Popen[bytes]"
    _port: int
    _finished: int = field(default=0, init=False)

    @property
    def pid(self) -> int:
        """Its process id. Raises `AssertionError` when it has ended by itself."""
        code = self._process.poll()
        assert code is None, f"motion ended by itself with {code}: {self.last_words()}"
        return self._process.pid

    def film(self, duration_s: float) -> Path:
        """Start an event, end it after `duration_s`; returns the finished movie."""
        self._ask("action/eventstart")
        self.place.pause(duration_s)
        self._ask("action/eventend")
        self._finished += 1
        marks = wait_for(
            "motion finishes its movie", lambda: self._marks_if(self._finished), within_s=30
        )
        newest = max(marks, key=lambda path: path.stat().st_mtime_ns)
        return newest.with_name(newest.name.removesuffix(_DONE))

    def film_and_kill(self, after_s: float) -> Path | None:
        """Start an event and kill it after `after_s`; returns what lies there then."""
        self._ask("action/eventstart")
        self.place.pause(after_s)
        self._process.kill()
        self._process.wait()
        left = [path for path in self._movies() if not path.with_name(path.name + _DONE).exists()]
        return left[0] if left else None

    def wait_until_ready(self) -> None:
        """Wait until it has the camera, and takes triggers."""
        wait_for("motion has its camera", self._has_camera, within_s=30)
        self.place.pause(_STARTS_UP_S)

    def last_words(self) -> str:
        """Say what it printed last."""
        return self._log()[-1000:]

    def _has_camera(self) -> bool:
        assert self.pid
        return _HAS_PICTURES in self._log()

    def _log(self) -> str:
        return (self.folder / "motion.log").read_text(encoding="utf-8", errors="replace")

    def _ask(self, action: str) -> str:
        url = f"http://127.0.0.1:{self._port}/0/{action}"
        answer = requests.get(url, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        return answer.text

    def _movies(self) -> list[Path]:
        return [path for path in self.folder.glob("*.m*") if path.suffix in (".mkv", ".mp4")]

    def _marks_if(self, count: int) -> list[Path]:
        marks = list(self.folder.glob(f"*{_DONE}"))
        return marks if len(marks) >= count else []


@contextmanager
def running_motion(
    place: Place, url: str, *, pre_roll_s: float, options: Mapping[str, str]
) -> Iterator[Motion]:
    """Run it on a network camera; yields it ready. Raises `Absent`."""
    program = motion_program()
    folder = place.folder / f"motion-{time.monotonic_ns()}"
    folder.mkdir()
    port = free_port()
    text = CONFIGURATION.format(
        url=url,
        width=footage.WIDTH,
        height=footage.HEIGHT,
        fps=footage.FPS,
        pre_capture=round(pre_roll_s * footage.FPS),
        folder=folder,
        port=port,
        done=_DONE,
    )
    text += "".join(f"{name} {value}\n" for name, value in options.items())
    (folder / "motion.conf").write_text(text, encoding="utf-8")
    command = [program.path, "-c", str(folder / "motion.conf")]
    log = folder / "motion.log"
    process = start(command, log=log, folder=folder, environment=program.environment)
    motion = Motion(place, folder, process, port)
    try:
        motion.wait_until_ready()
        yield motion
    finally:
        if process.poll() is None:
            stop(process)
