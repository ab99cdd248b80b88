"""Checking clips one by one: nothing that is found stops it."""

from attrs import define, evolve, field, frozen

from surveil_core.errors import DataLost, StoreDamaged, StoreUnavailable
from surveil_core.services.checking import ClipChecking, Finding
from surveil_core.soundness import Harm, MeasuredVideo
from tests.fakes.inspection import FakeInspection
from tests.fakes.video_meter import FakeVideoMeter
from tests.unit.test_soundness import ROW, VIDEO


@define
class Site:
    """Clip 3, which is sound but for what a test changes."""

    inspection: FakeInspection = field(
        factory=lambda: FakeInspection(rows={3: ROW}, events={3: ("evt-1", "evt-2")})
    )
    meter: FakeVideoMeter = field(factory=lambda: FakeVideoMeter(videos={3: VIDEO}))

    def check(self, media_id: int = 3) -> Finding:
        """Check it."""
        return ClipChecking(inspection=self.inspection, meter=self.meter).check(media_id)


@frozen
class DeletingMeter:
    """A `VideoMeter` whose clip is deleted by another program while it plays."""

    inspection: FakeInspection

    def measure(self, media_id: int, *, video_bytes: int) -> MeasuredVideo:
        """Find nothing any more."""
        del self.inspection.rows[media_id], self.inspection.events[media_id]
        raise DataLost(f"clip {media_id} ends before its {video_bytes} bytes")


def test_sound_clip_is_found_sound() -> None:
    """Its events are named all the same."""
    finding = Site().check()
    assert (list(finding.faults), list(finding.event_ids)) == ([], ["evt-1", "evt-2"])
    assert not finding.is_gone


def test_all_that_is_wrong_is_told_at_once() -> None:
    """The row's faults, the pictures', and where they differ."""
    site = Site()
    site.inspection.rows[3] = evolve(ROW, stored_bytes=900)
    site.meter.videos[3] = evolve(VIDEO, undecodable=1, codec="hevc")
    harms = [fault.harm for fault in site.check().faults]
    assert harms == [Harm.ROW, Harm.PICTURES, Harm.ROW]


def test_video_that_is_none_is_a_fault() -> None:
    """What cannot be measured is not compared."""
    site = Site()
    site.meter.videos[3] = DataLost("its video is no readable MP4")
    finding = site.check()
    assert [fault.text for fault in finding.faults] == ["its video is no readable MP4"]
    assert "`clips delete 3`" in finding.advice


def test_missing_file_is_not_measured() -> None:
    """There is nothing to play."""
    site = Site(meter=FakeVideoMeter(videos={}))
    site.inspection.rows[3] = evolve(ROW, stored_bytes=0, missing_file="/data/videos/a.mp4")
    assert [fault.harm for fault in site.check().faults] == [Harm.FILE]


def test_row_that_cannot_be_read_is_a_fault() -> None:
    """It is lost, or so is its page."""
    site = Site()
    site.inspection.lost.add(3)
    [fault] = site.check().faults
    assert fault.harm is Harm.UNREADABLE
    assert fault.text == "its row cannot be read: database disk image is malformed"


def test_clip_that_is_locked_is_neither_sound_nor_damaged() -> None:
    """Whether its row or its video: nobody must delete it for that."""
    no_row, no_video = Site(), Site()
    no_row.inspection.busy.add(3)
    no_video.inspection.rows[3] = evolve(ROW, stored_bytes=900)
    no_video.meter.videos[3] = StoreUnavailable("database is locked")
    for finding in (no_row.check(), no_video.check()):
        assert (finding.busy, list(finding.faults)) == ("database is locked", [])
        assert not finding.is_gone


def test_video_that_cannot_be_read_is_a_fault() -> None:
    """The advice is about the disk then, not about the clip."""
    site = Site()
    site.meter.videos[3] = StoreDamaged("the file is damaged")
    finding = site.check()
    assert [fault.harm for fault in finding.faults] == [Harm.UNREADABLE]
    assert finding.busy is None
    assert "dmesg" in finding.advice


def test_row_that_only_a_link_names_is_lost() -> None:
    """Its events lead nowhere."""
    site = Site()
    del site.inspection.rows[3]
    finding = site.check()
    assert [fault.harm for fault in finding.faults] == [Harm.UNREADABLE]
    assert list(finding.event_ids) == ["evt-1", "evt-2"]


def test_what_is_left_of_a_clip_is_no_lost_row() -> None:
    """The advice is how to remove it, not to look at the disk."""
    site = Site()
    site.inspection.deleted_by_hand.add(3)
    finding = site.check()
    assert [fault.harm for fault in finding.faults] == [Harm.LEFTOVER]
    assert "remove them by the SQL: DELETE FROM media_evenement" in finding.advice


def test_clip_that_is_deleted_meanwhile_is_no_damage() -> None:
    """A service may make room while others are checked."""
    inspection = Site().inspection
    finding = ClipChecking(inspection=inspection, meter=DeletingMeter(inspection)).check(3)
    assert (finding.is_gone, list(finding.faults)) == (True, [])
    assert Site().check(99).is_gone
