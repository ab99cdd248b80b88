"""A Raspberry Pi's camera program, by a stand-in that takes the real one's options only."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from surveil_adapters.camera import CameraChain, candidates_for
from surveil_adapters.camera.program import ProgramSource
from surveil_adapters.camera.rpicam import PROGRAMS, rpicam_source
from surveil_adapters.clock import SystemClock
from surveil_core.errors import CameraUnavailable
from surveil_core.notices import CameraReady, CameraRejected, CameraTrying
from surveil_core.ports.camera import VideoSource
from tests.contracts.video_source import LatePicturesContract, VideoSourceContract, read_for
from tests.fakes.announcer import RecordingAnnouncer
from tests.rig.camera import FORMAT, children, decode, make_clip, picture_types, probe
from tests.rig.rpicam_vid import Board, install

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")

ROOT = Path(__file__).parents[2]
PI_4, PI_5 = Board(), Board(encoder_chip=False)


def source_on(
    board: Board, folder: Path, clock: SystemClock, name: str = PROGRAMS[0]
) -> ProgramSource:
    """Build our source for a program and a board."""
    encoder_name = folder / "video11-name"
    encoder_name.write_text(f"{board.encoder_name}\n")
    stand_in = install(folder / "bin", name, board)
    return rpicam_source(str(stand_in), FORMAT, clock, encoder_name_file=encoder_name)


@pytest.mark.parametrize("board", [PI_4, PI_5], ids=["encoder chip", "no encoder chip"])
@pytest.mark.parametrize("name", PROGRAMS)
class TestPrograms(VideoSourceContract, LatePicturesContract):
    """Both names and both kinds of board; `libcamera-vid` knows no option of later years."""

    @pytest.fixture
    def source(
        self, name: str, board: Board, tmp_path: Path, clock: SystemClock
    ) -> Iterator[VideoSource]:
        source = source_on(board, tmp_path, clock, name)
        yield source
        source.close()

    def test_a_clip_of_it_plays(self, source: VideoSource, tmp_path: Path) -> None:
        """In a player, picture by picture in order: an MP4 of ours has no room for B-frames."""
        source.open()
        units = read_for(source, 2.0)
        source.close()
        video = make_clip(units, tmp_path / "clip")
        decode(video)
        facts = probe(video)
        assert (facts["codec_name"], facts["width"], facts["height"]) == ("h264", 320, 180)
        assert float(facts["duration"]) == pytest.approx(2.0, abs=0.3)
        assert picture_types(video) == {"I", "P"}


def test_a_program_that_dies_in_mid_stream_gives_its_last_words(
    clock: SystemClock, tmp_path: Path
) -> None:
    """What it delivered can be read; then its own words say why it ended."""
    source = source_on(Board(dies_after_s=1), tmp_path, clock)
    source.open()
    with pytest.raises(CameraUnavailable, match=r"with status 255: .*\*\*\* failed to queue requ"):
        read_for(source, 10)
    source.close()


@pytest.mark.parametrize(
    ("board", "words"),
    [
        (Board(cameras=0), "no cameras available"),
        (Board(encoder_chip=False, libav=False), "unrecognised option '--libav-format'"),
    ],
)
def test_without_a_camera_the_next_source_is_tried(
    board: Board, words: str, clock: SystemClock, tmp_path: Path
) -> None:
    """The refusal is told in the program's words, and the chain goes on."""
    announcer = RecordingAnnouncer()
    candidates = [
        source_on(board, tmp_path, clock),
        *candidates_for("synthetic", FORMAT, clock),
    ]
    chain = CameraChain(candidates, announcer=announcer, clock=clock)
    chain.open()
    assert read_for(chain, 0.3)
    chain.close()
    tried, rejected, tried_next, ready = announcer.notices
    assert isinstance(rejected, CameraRejected)
    assert rejected.reason.endswith(f"rpicam-vid ended with status 255: ERROR: *** {words} ***")
    assert [tried, tried_next] == [
        CameraTrying(service="surveillance", source="rpicam-vid"),
        CameraTrying(service="surveillance", source="ffmpeg"),
    ]
    assert isinstance(ready, CameraReady)
    assert (ready.source, ready.simulated) == ("ffmpeg", True)
    assert ready.start_s > 0


def test_closing_leaves_no_process(clock: SystemClock, tmp_path: Path) -> None:
    """One program while it films, none after."""
    source = source_on(PI_4, tmp_path, clock)
    source.open()
    assert len(children()) == 1
    source.close()
    assert children() == []


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with nothing but ffmpeg, to be a PATH without a Pi's own programs."""
    ffmpeg = shutil.which("ffmpeg")
    assert ffmpeg, "ffmpeg is not installed; run: sudo apt-get install ffmpeg"
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "ffmpeg").symlink_to(ffmpeg)
    return folder


def lines_with_path(*folders: Path) -> list[str]:
    """Open the setting `rpicam` with a PATH of these folders alone."""
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(map(str, folders)),
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }
    command = [sys.executable, "-m", "tests.rig.open_camera", "rpicam"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return [line.strip() for line in done.stdout.splitlines()]


def test_the_new_name_is_preferred(tmp_path: Path, tools: Path) -> None:
    """Raspberry Pi OS keeps the old name beside the new one."""
    # Which options a board needs is tested above; libav is right for every test machine.
    folders = [install(tmp_path / name, name, PI_5).parent for name in reversed(PROGRAMS)]
    lines = lines_with_path(*folders, tools)
    assert lines[0] == "Tentative avec rpicam-vid..."
    assert lines[-1].startswith("rpicam-vid: ")
    assert not [line for line in lines if "libcamera-vid" in line]


def test_the_old_name_alone_is_used(tmp_path: Path, tools: Path) -> None:
    """The log is the spec's: an attempt, why not, the next attempt."""
    lines = lines_with_path(install(tmp_path / "bin", "libcamera-vid", PI_5).parent, tools)
    assert lines[:3] == [
        "Tentative avec rpicam-vid...",
        "⚠️  rpicam-vid non disponible: [Errno 2] No such file or directory: 'rpicam-vid'",
        "Tentative avec libcamera-vid...",
    ]
    name, _, pictures = lines[-1].partition(": ")
    assert name == "libcamera-vid"
    assert int(pictures.split()[0]) >= 10
