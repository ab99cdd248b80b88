"""FFmpeg's libraries in a process of their own: answers, refusals, crashes and orphans."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from surveil_adapters.camera.damage import LibavLook
from surveil_adapters.camera.ffmpeg import synthetic_source
from surveil_adapters.clock import SystemClock
from surveil_adapters.libav.process import (
    NICENESS,
    LibavCrashed,
    LibavEnded,
    LibavProcess,
    run,
)
from surveil_adapters.libav.samples import Samples
from surveil_core.errors import DataLost, StoreUnavailable
from tests.contracts.look import START, LookContract, problem_of
from tests.footage import pictures
from tests.integration.sqlite_files import python
from tests.rig.camera import FORMAT, children

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")


class TestLibavLook(LookContract):
    @pytest.fixture
    def start(self) -> START:
        return LibavLook


def test_odd_words_beside_a_picture_are_no_damage() -> None:
    """A camera may put what it likes into supplemental information."""
    sei = b"\x00\x00\x00\x01\x06\xff\xff\x00\x01\x02\x80"
    assert problem_of(LibavLook(sei + pictures()[0].annex_b)) is None


def one_picture(size_bytes: int) -> Mapping[str, str]:
    """Say of a stream that it is one keyframe."""
    samples = Samples()
    samples.append(size_bytes=size_bytes, is_keyframe=True, at_s=0.0)
    return samples.to_json()


def waiting_for_ever(folder: Path) -> LibavProcess:
    """Wrap a stream that nobody writes."""
    stream = folder / "stream.h264"
    os.mkfifo(stream)
    return LibavProcess(
        "make the video",
        raw_path=str(stream),
        video_path=str(folder / "video.mp4"),
        samples=one_picture(10),
        last_step_s=0.1,
        look=True,
        trigger_at_s=0.0,
        preview=None,
    )


def child_of(pid: int) -> int:
    """Find the process that another one has started, once it runs Python."""
    found: list[int] = []

    def is_found() -> bool:
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if b"surveil_adapters.libav" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
        return bool(found)

    assert within(20, is_found)
    return found[0]


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Wait for a condition."""
    deadline_s = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGXCPU])
def test_a_crash_is_told_from_other_ends(tmp_path: Path, number: signal.Signals) -> None:
    """What it was given did that."""
    process = waiting_for_ever(tmp_path)
    os.kill(child_of(os.getpid()), number)
    with pytest.raises(LibavCrashed, match=f"make the video ended by {number.name}"):
        process.answer(30)


def test_a_killed_process_may_do_better_the_next_time(tmp_path: Path) -> None:
    """The kernel takes it first when memory ends."""
    process = waiting_for_ever(tmp_path)
    child = child_of(os.getpid())
    assert within(10, lambda: Path(f"/proc/{child}/oom_score_adj").read_text() == "1000\n")
    os.kill(child, signal.SIGKILL)
    with pytest.raises(LibavEnded, match="make the video ended by SIGKILL") as caught:
        process.answer(30)
    assert not isinstance(caught.value, LibavCrashed)


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    """And told."""
    process = waiting_for_ever(tmp_path)
    with pytest.raises(StoreUnavailable, match=r"make the video took more than 0\.1 s"):
        process.answer(0.1)


def test_what_the_program_complains_of_is_told() -> None:
    """The last line of a traceback says what is wrong, say with the installation."""
    with pytest.raises(StoreUnavailable, match="cannot dance: KeyError: 'dance'"):
        run("dance", within_s=30)


def test_nothing_to_play_is_told_from_a_disk_that_refuses(tmp_path: Path) -> None:
    """The one will never be a video, the other may."""
    noise = tmp_path / "noise.h264"
    noise.write_bytes(b"no video" * 100)
    asked = {"raw_path": str(noise), "samples": one_picture(800), "last_step_s": 0.1}
    asked |= {"look": True, "trigger_at_s": 0.0, "preview": None}
    with pytest.raises(DataLost):
        run("make the video", within_s=30, video_path=str(tmp_path / "video.mp4"), **asked)
    asked["raw_path"] = str(tmp_path / "gone.h264")
    with pytest.raises(StoreUnavailable, match=r"gone\.h264"):
        run("make the video", within_s=30, video_path=str(tmp_path / "video.mp4"), **asked)


def test_it_does_not_outlive_who_asked(tmp_path: Path) -> None:
    """Killed without a word: nobody writes the video that the next run makes again."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.integration.test_libav import waiting_for_ever\n"
        "waiting_for_ever(Path(sys.argv[1])).answer(60)\n"
    )
    parent = python(program, str(tmp_path))
    child = child_of(parent.pid)
    assert within(10, lambda: Path(f"/proc/{child}/oom_score_adj").read_text() == "1000\n")
    parent.kill()
    parent.wait()
    assert within(10, lambda: not Path(f"/proc/{child}").exists())


def test_it_gives_way_to_the_camera_s_encoder(clock: SystemClock, tmp_path: Path) -> None:
    """Which gives way to nobody: what it is late with is lost with the power."""
    camera = synthetic_source(FORMAT, clock)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with closing(camera), closing(waiting_for_ever(tmp_path)):
        [maker] = children()
        camera.open()
        [encoder] = set(children()) - {maker}
        assert os.getpriority(os.PRIO_PROCESS, encoder) == own
        assert os.getpriority(os.PRIO_PROCESS, maker) == max(own, NICENESS)


def test_a_service_of_low_priority_has_its_videos_made() -> None:
    """Only root may give a process a higher priority than one's own, and not in a container."""
    program = (
        "import os\n"
        "from surveil_adapters.libav.process import LibavProcess, run\n"
        "assert run('look at a keyframe', within_s=30, keyframe_base64='')\n"
        "late = LibavProcess('look at a keyframe', keyframe_base64='')\n"
        "assert os.getpriority(os.PRIO_PROCESS, late._process.pid) >= 18\n"
        "late.close()\n"
    )
    limits = ["nice", "-n", "18"]
    if os.geteuid() == 0:
        limits += ["setpriv", "--bounding-set", "-sys_nice"]
    done = subprocess.run([*limits, sys.executable, "-c", program], check=False)
    assert done.returncode == 0


def test_one_that_starts_too_late_does_nothing(tmp_path: Path) -> None:
    """Who asked is gone before it could ask to die with it."""
    request = b'{"parent_pid": 1, "task": "look at a keyframe", "arguments": {}}'
    command = [sys.executable, "-P", "-m", "surveil_adapters.libav"]
    done = subprocess.run(command, input=request, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"the process that asked is gone" in done.stderr


def test_the_libraries_stay_out_of_who_asks() -> None:
    """They take more memory than all else that a sensor service has."""
    program = (
        "from pathlib import Path\n"
        "import apps.edge.__main__, apps.edge.filming, surveil_adapters.camera.picamera2\n"
        "from surveil_adapters.libav import process\n"
        "assert process.run('look at a keyframe', within_s=30, keyframe_base64='')\n"
        "assert 'libav' not in Path('/proc/self/maps').read_text()\n"
    )
    assert python(program).wait(60) == 0


def test_one_that_is_told_to_end_with_all_others_does_its_work(tmp_path: Path) -> None:
    """A terminal, and systemd, tell the whole group; who asked decides what is still to be done."""
    process = waiting_for_ever(tmp_path)
    child = child_of(os.getpid())
    assert within(10, lambda: Path(f"/proc/{child}/oom_score_adj").read_text() == "1000\n")
    os.kill(child, signal.SIGTERM)
    os.kill(child, signal.SIGINT)
    (tmp_path / "stream.h264").write_bytes(b"no video")
    with pytest.raises((DataLost, StoreUnavailable)) as caught:
        process.answer(30)
    assert "ended by" not in str(caught.value)


def test_a_process_without_descriptors_left_is_told() -> None:
    """As `StoreUnavailable`, and none is lost each time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    refusals = []
    for limit in range(soft):
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        try:
            look = LibavLook(pictures()[0].annex_b)
            break
        except StoreUnavailable as error:
            refusals.append(str(error))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert problem_of(look) is None
    assert len(refusals) >= 5
    assert all("cannot start a process to look" in refusal for refusal in refusals)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGRTMIN + 3])
def test_a_decoder_that_crashes_on_a_keyframe_has_a_problem(number: int) -> None:
    """And one that is ended otherwise is no sign of damage."""
    look = LibavLook(pictures()[0].annex_b)
    os.kill(child_of(os.getpid()), number)
    if number == signal.SIGSEGV:
        assert problem_of(look) == "look at a keyframe ended by SIGSEGV"
    else:
        with pytest.raises(StoreUnavailable, match=r"ended by signal \d+"):
            problem_of(look)
