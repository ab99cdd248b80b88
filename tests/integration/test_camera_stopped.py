"""Programs that a camera is read from, stopped for good in the middle of a clip (SIGSTOP).

All of them at once, each with a recorder of its own on a thread of its own, as in the service: so
the time that a silent camera is granted passes once. Their pipes stay open, and nothing ends.
"""

import os
import signal
from pathlib import Path

import pytest

from surveil_adapters.camera import candidates_for
from surveil_adapters.camera.rpicam import rpicam_source
from surveil_adapters.clock import SystemClock
from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_core.notices import CameraLost, CameraReady
from surveil_core.ports.camera import VideoSource
from surveil_core.recording import RecordingPolicy
from surveil_core.services.held_camera import SILENT_CAMERA_S
from tests.clips import make_mp4
from tests.rig.at_work import EVENT_EVERY_S, Events, Filming, filming
from tests.rig.camera import FORMAT, decode, probe
from tests.rig.recorder import Recorder
from tests.rig.recorders import recording
from tests.rig.rpicam_vid import Board, install
from tests.waiting import wait_for

pytest_plugins = ["tests.rig.camera_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")

RING_BYTES = 4 * 1024 * 1024
POLICY = RecordingPolicy(pre_roll_s=1, duration_s=13)
"""So long that the camera is back before the clip is over."""
STORED_WITHIN_S = 1.0
"""However the cameras are, an event waits for the database alone, which others write too."""


def rpicam(folder: Path, clock: SystemClock, *, encoder_chip: bool) -> VideoSource:
    """Imitate a Pi's program on a board with an encoder chip, whose pictures' times come apart."""
    board = Board(encoder_chip=encoder_chip)
    folder.mkdir()
    encoder_name = folder / "video11-name"
    encoder_name.write_text(f"{board.encoder_name}\n")
    program = install(folder / "bin", "rpicam-vid", board)
    return rpicam_source(str(program), FORMAT, clock, encoder_name_file=encoder_name)


@pytest.fixture
def sources(clock: SystemClock, tmp_path: Path) -> list[VideoSource]:
    """Give a test picture, a file, and a Pi's camera program on both kinds of board."""
    file = make_mp4(tmp_path, duration_s=2)
    return [
        *candidates_for("synthetic", FORMAT, clock),
        *candidates_for(f"file:{file}", FORMAT, clock),
        rpicam(tmp_path / "chip", clock, encoder_chip=True),
        rpicam(tmp_path / "no-chip", clock, encoder_chip=False),
    ]


def test_stopped_programs_are_replaced_and_their_clips_go_on(
    clock: SystemClock, sources: list[VideoSource], tmp_path: Path
) -> None:
    """Events are stored meanwhile; each process is gone, and its clip says what it lacks."""
    cameras = [(source, RING_BYTES) for source in sources]
    with recording(clock, tmp_path, cameras, policy=POLICY) as site, filming(site) as at_work:
        wait_for("a pre-roll", lambda: all_have_given(at_work, [2 * FORMAT.fps] * len(at_work)))
        events = Events(site)
        events.move()
        filmed = [one.pictures + FORMAT.fps for one in at_work]
        wait_for("a second of each clip", lambda: all_have_given(at_work, filmed))
        pids = [one.program() for one in at_work]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        away_s = time_away(at_work, events)
        assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
        wait_for("each clip is stored", lambda: all(one.has_stored_a_clip for one in at_work))
    assert_events_were_stored(events, during_s=max(away_s))
    site.assert_each_event_has_its_video(events=len(at_work))
    for one in at_work:
        assert_lost_once(one.recorder)
    assert_clips_went_on(SqliteArchive(site.db.path), away_s, tmp_path)


def all_have_given(at_work: list[Filming], pictures: list[int]) -> bool:
    """Say if each camera has given so many."""
    return all(one.pictures >= count for one, count in zip(at_work, pictures, strict=True))


def time_away(at_work: list[Filming], events: Events) -> list[float]:
    """Say for how long each camera gives nothing, while events go on until all are back."""
    clock = events.site.clock
    began_s = clock.monotonic_s()
    back_s: dict[int, float] = {}

    def are_back() -> bool:
        events.press()
        for number, one in enumerate(at_work):
            if one.starts == 2:
                back_s.setdefault(number, clock.monotonic_s() - began_s)
        return len(back_s) == len(at_work)

    wait_for("all cameras are back", are_back, within_s=30)
    return [back_s[number] for number in range(len(at_work))]


def assert_events_were_stored(events: Events, *, during_s: float) -> None:
    """All of them, at once, and nothing was refused."""
    events.assert_all_are_stored()
    assert events.happened >= during_s / EVENT_EVERY_S / 2
    assert events.slowest_s < STORED_WITHIN_S


def assert_lost_once(recorder: Recorder) -> None:
    """It was told, with the limit, and the camera was opened again."""
    [lost] = recorder.announcer.of(CameraLost)
    assert lost.reason.endswith(f" gave no picture for {SILENT_CAMERA_S:g} s")
    assert len(recorder.announcer.of(CameraReady)) == 2


def assert_clips_went_on(archive: SqliteArchive, away_s: list[float], folder: Path) -> None:
    """From before the event until after the camera was back, as planned; the gap is told."""
    clips = {clip.camera_number: clip for clip in archive.list_media(limit=9)}
    assert sorted(clips) == list(range(1, len(away_s) + 1))
    for number, clip in clips.items():
        assert clip.missing_s == pytest.approx(away_s[number - 1], abs=0.7)
        assert clip.missing_s > SILENT_CAMERA_S
        assert clip.pre_roll_s >= POLICY.pre_roll_s
        assert clip.duration_s == pytest.approx(clip.pre_roll_s + POLICY.duration_s, abs=0.3)
        path = folder / f"{number}.mp4"
        path.write_bytes(archive.read_video(clip.media_id, offset=0, length=clip.clip_bytes))
        decode(path)
        assert float(probe(path)["duration"]) == pytest.approx(clip.duration_s, abs=0.2)
