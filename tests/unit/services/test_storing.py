"""Finished clips on their way into the database, on fakes."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import define, field

from surveil_core.events import EventType
from surveil_core.notices import (
    ClipCaptured,
    ClipFailed,
    ClipPostponed,
    ClipStored,
    PreviewFailed,
    SpoolFileSetAside,
)
from surveil_core.ports.clip_jobs import ClipJob
from surveil_core.ports.spool import ClipLabel, FilmedEvent
from surveil_core.services.storing import NO_TIME, ClipStoring
from surveil_core.video import AccessUnit, VideoFormat
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clip_jobs import FakeClipJobs
from tests.fakes.clock import FakeClock
from tests.fakes.media_store import FakeMediaStore
from tests.fakes.spool import PREVIEW, FakeSpool, FakeSpooledClip


@define(kw_only=True)
class Rig:
    """The service with everything around it in reach."""

    clock: FakeClock = field(factory=FakeClock)
    announcer: RecordingAnnouncer = field(factory=RecordingAnnouncer)
    spool: FakeSpool = field(factory=FakeSpool)
    jobs: FakeClipJobs = field(factory=FakeClipJobs)
    store: FakeMediaStore = field(init=False)
    storing: ClipStoring = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.store = FakeMediaStore(clock=self.clock, jobs=self.jobs)
        self.storing = ClipStoring(
            store=self.store,
            jobs=self.jobs,
            clock=self.clock,
            announcer=self.announcer,
            random_unit=lambda: 0.0,
        )

    def clip(self, *numbers: int) -> FakeSpooledClip:
        """Make a clip of some events, whose jobs are open."""
        events = tuple(FilmedEvent(event_row_id=n, event_id=f"evt-{n}") for n in numbers)
        for event in events:
            self.jobs.jobs.append(
                ClipJob(
                    event_row_id=event.event_row_id,
                    event_id=event.event_id,
                    device_id="raspberry-1",
                    event_type=EventType.MOTION_DETECTED,
                    received_at_utc=self.clock.now_utc(),
                )
            )
        return FakeSpooledClip(
            spool=self.spool,
            spool_path=Path(f"/spool/{numbers[0]}.h264"),
            label=ClipLabel(
                event=events[0],
                triggered_at_s=12.0,
                triggered_at_utc=self.clock.now_utc(),
                format=VideoFormat(fps=10),
            ),
            events=events,
            units=[AccessUnit(annex_b=b"picture", keyframe=True, at_s=10.0)],
        )

    def add(self, *numbers: int) -> FakeSpooledClip:
        """Make a clip and have it stored."""
        clip = self.clip(*numbers)
        self.storing.add(clip, events=clip.events, source="fake")
        return clip

    def run(self, duration_s: float) -> None:
        """Call `step` twice a second."""
        for _ in range(int(duration_s * 2)):
            self.storing.step()
            self.clock.advance(0.5)


def ids(notices: Sequence[ClipFailed] | Sequence[ClipPostponed]) -> list[str | None]:
    """List the events of some notices."""
    return [notice.event_id for notice in notices]


def test_a_clip_is_stored_told_and_removed() -> None:
    """Its events have their video, its jobs are closed, the spool is empty."""
    rig = Rig()
    clip = rig.add(3, 4)
    rig.storing.step()
    assert rig.store.event_row_ids == [(3, 4)]
    assert rig.announcer.kinds() == ["ClipCaptured", "ClipStored"]
    assert rig.store.clips[0].pre_roll_s == 2
    assert rig.store.previews == [PREVIEW]
    assert clip.discarded
    assert rig.jobs.jobs == []


def test_a_clip_without_preview_is_stored_and_the_reason_told_once() -> None:
    """Pictures of a video that nobody can decode cost nothing but themselves."""
    rig = Rig()
    rig.spool.preview_error = "no keyframe"
    clip = rig.add(3)
    rig.store.error = "database is locked"
    rig.storing.step()
    assert rig.announcer.of(PreviewFailed) == []
    rig.store.error = None
    rig.run(5)
    assert rig.store.event_row_ids == [(3,)]
    assert rig.store.previews == [None]
    [failed] = rig.announcer.of(PreviewFailed)
    assert (failed.event_id, failed.reason) == ("evt-3", "no keyframe")
    assert clip.discarded


def test_room_is_made_before_a_clip_is_stored() -> None:
    """As much as it takes with its preview, not as it took; before, about as much for its MP4."""
    rig = Rig()
    made: list[tuple[int, bool, int]] = []

    def make_room(new_bytes: int, *, beside_bytes: int = 0) -> None:
        made.append((new_bytes, beside_bytes > new_bytes, len(rig.store.clips)))

    rig.storing.make_room = make_room
    clip_bytes = rig.add(3).raw_bytes
    rig.storing.step()
    rig.spool.preview_error = "no keyframe"
    rig.add(4)
    rig.storing.step()
    assert made == [
        (clip_bytes, True, 0),
        (clip_bytes + PREVIEW.size_bytes, False, 0),
        (clip_bytes, True, 1),
        (clip_bytes, False, 1),
    ]


def test_an_mp4_that_the_disk_has_no_room_for_has_room_made_for_it() -> None:
    """Whatever the limits are: else no further clip would be stored."""
    rig = Rig()
    rig.spool.video_error = "No space left on device"

    def make_room(new_bytes: int, *, beside_bytes: int = 0) -> None:
        if beside_bytes:
            rig.spool.video_error = None

    rig.storing.make_room = make_room
    rig.add(3)
    rig.storing.step()
    assert rig.store.event_row_ids == [(3,)]


@pytest.mark.parametrize("was_killed", [True, False])
def test_no_room_is_made_beside_an_mp4_that_is_made_again(was_killed: bool) -> None:
    """Whether a kill left it or the database refused it: it would cost old videos its size."""
    rig = Rig()
    clip = rig.add(3)
    clip.has_video = was_killed
    had_video: list[bool] = []

    def make_room(new_bytes: int, *, beside_bytes: int = 0) -> None:
        if beside_bytes:
            had_video.append(clip.has_video)

    rig.storing.make_room = make_room
    rig.store.error = "database is locked"
    rig.storing.step()
    assert not clip.has_video
    rig.store.error = None
    rig.run(5)
    assert had_video == [False, False]
    assert rig.store.event_row_ids == [(3,)]


def test_a_step_stores_one_clip() -> None:
    """A pile of clips does not keep the camera's thread from its pictures."""
    rig = Rig()
    for number in range(3):
        rig.add(number + 1)
    rig.storing.step()
    assert len(rig.store.clips) == 1
    rig.run(1)
    assert len(rig.store.clips) == 3


@pytest.mark.parametrize("error", ["store", "video"])
def test_what_is_refused_is_tried_with_growing_delays_and_stored_once(error: str) -> None:
    """A locked database or a full disk delays a clip, and is told each time."""
    rig = Rig()
    clip = rig.add(1)
    if error == "store":
        rig.store.error = "database is locked"
    else:
        rig.spool.video_error = "No space left on device"
    rig.run(20)
    assert [n.retry_in_s for n in rig.announcer.of(ClipPostponed)] == [2, 4, 8, 16]
    assert not clip.discarded
    rig.store.error = rig.spool.video_error = None
    rig.run(20)
    assert rig.store.event_row_ids == [(1,)]
    assert clip.discarded
    assert len(rig.announcer.of(ClipCaptured)) == 1


def test_a_clip_that_cannot_be_stored_stands_behind_the_others() -> None:
    """One bad file in the spool does not keep good clips from the database."""
    rig = Rig()
    bad = rig.add(1)
    rig.spool.video_error = "Input/output error"
    rig.add(2)
    rig.storing.step()
    rig.spool.video_error = None
    rig.run(5)
    assert rig.store.event_row_ids == [(2,), (1,)]
    assert bad.discarded


def test_a_stored_clip_whose_file_stays_is_not_stored_again() -> None:
    """Only the removal is tried again."""
    rig = Rig()
    clip = rig.add(1)
    rig.spool.discard_error = "Read-only file system"
    rig.run(10)
    assert rig.store.event_row_ids == [(1,)]
    rig.spool.discard_error = None
    rig.run(20)
    assert clip.discarded
    assert rig.store.event_row_ids == [(1,)]
    assert len(rig.announcer.of(ClipStored)) == 1


def test_a_clip_that_cannot_be_played_is_given_up() -> None:
    """The reason stays with all its events, and the file goes."""
    rig = Rig()
    clip = rig.add(1, 2)
    clip.playable = False
    rig.run(2)
    assert set(rig.jobs.given_up) == {1, 2}
    assert ids(rig.announcer.of(ClipFailed)) == ["evt-1", "evt-2"]
    assert clip.discarded


def test_a_clip_that_the_schema_refuses_is_kept_as_a_file() -> None:
    """Nobody's evidence is removed: the reason names where it lies."""
    rig = Rig()
    clip = rig.add(1)
    rig.store.refusal = "SQLite stores at most 1,000,000,000 bytes in a field"
    rig.run(2)
    [failed] = rig.announcer.of(ClipFailed)
    assert failed.kept_path == str(clip.spool_path)
    assert rig.jobs.given_up == {1: failed.reason}
    assert not clip.discarded


def test_reasons_are_written_when_the_database_answers_again() -> None:
    """A job that was given up while the database was locked is closed later."""
    rig = Rig()
    clip = rig.clip(1, 2)
    rig.jobs.failures = 2
    rig.storing.give_up(clip.events, "no camera")
    rig.run(3)
    assert rig.jobs.given_up == {}
    assert len(rig.jobs.jobs) == 2
    rig.run(5)
    assert rig.jobs.given_up == {1: "no camera", 2: "no camera"}
    assert ids(rig.announcer.of(ClipFailed)) == ["evt-1", "evt-2"]


@pytest.mark.parametrize("playable", [True, False])
def test_a_clip_that_could_not_be_read_to_its_end_is_kept(playable: bool) -> None:
    """What the disk gave is stored, if it plays; the file is for a person, who is told."""
    rig = Rig()
    clip = rig.add(1)
    clip.unreadable, clip.playable = "Input/output error", playable
    rig.spool.discard_error = "Read-only file system"
    rig.run(3)
    rig.spool.discard_error = None
    rig.run(20)
    assert [stored.salvaged for stored in rig.store.clips] == [True] * playable
    assert set(rig.jobs.given_up) == (set() if playable else {1})
    assert (clip.is_aside, clip.discarded) == (True, False)
    [told] = rig.announcer.of(SpoolFileSetAside)
    assert (told.path, told.reason) == ("/spool/set_aside/1.h264", "Input/output error")


def test_a_clip_of_nobody_knows_what_is_only_set_aside() -> None:
    """It makes no video, and nothing is removed."""
    rig = Rig()
    clip = rig.clip(1)
    rig.storing.set_aside(clip, "why")
    rig.storing.step()
    assert (clip.is_aside, clip.discarded) == (True, False)
    assert rig.store.clips == []
    assert [told.reason for told in rig.announcer.of(SpoolFileSetAside)] == ["why"]


def test_an_unwanted_clip_is_only_removed() -> None:
    """It makes no video."""
    rig = Rig()
    clip = rig.clip(1)
    rig.storing.remove(clip)
    rig.storing.step()
    assert clip.discarded
    assert rig.store.clips == []


def test_closing_tries_at_once_and_leaves_the_rest_to_the_spool() -> None:
    """What waited for its next try is stored by the farewell; what fails again stays on disk."""
    rig = Rig()
    first, second = rig.add(1), rig.add(2)
    rig.store.error = "database is locked"
    rig.storing.step()
    rig.store.error = None
    rig.storing.close()
    assert (first.discarded, second.discarded) == (True, True)
    third = rig.add(3)
    rig.store.error = "database is locked"
    rig.storing.close()
    rig.store.error = None
    rig.run(60)
    assert not third.discarded
    assert len(rig.store.clips) == 2


def test_closing_makes_no_preview() -> None:
    """The seconds of a farewell are for the videos; that there is none is told."""
    rig = Rig()
    rig.add(1)
    rig.storing.close()
    assert (rig.spool.previews, rig.store.previews) == (0, [None])
    [failed] = rig.announcer.of(PreviewFailed)
    assert (failed.event_id, failed.reason) == ("evt-1", NO_TIME)
    rig.add(2)
    rig.storing.step()
    assert rig.store.previews == [None, PREVIEW]


def test_closing_does_not_store_for_ever() -> None:
    """A stop ends within seconds, however many clips wait."""
    rig = Rig()
    for number in range(1, 50):
        rig.add(number)
    rig.store.storing_takes_s = 1.0
    began_s = rig.clock.monotonic_s()
    rig.storing.close()
    assert rig.clock.monotonic_s() - began_s <= 4
