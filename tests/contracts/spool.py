"""What every `Spool` does: the fake and the folder alike."""

from datetime import timedelta

import pytest
from attrs import evolve

from surveil_core.errors import DataLost
from surveil_core.ports.spool import ClipWriter, FilmedEvent, LeftClips, Spool
from tests.footage import FORMAT, FPS, TRIGGERED_AT_UTC, label_of, pictures

SECOND = FilmedEvent(event_row_id=2, event_id="evt-2")


def film(spool: Spool) -> ClipWriter:
    """Write four seconds of two events."""
    writer = spool.start_clip(label_of())
    for unit in pictures():
        writer.append(unit)
    writer.add_event(SECOND)
    return writer


class SpoolContract:
    """Subclasses give `spool`: empty, and not open yet."""

    @pytest.fixture
    def spool(self) -> Spool:
        raise NotImplementedError

    def test_finished_clip_makes_its_video(self, spool: Spool) -> None:
        """Its times are the pictures', its start is told by the clock at its end."""
        spool.open()
        set_right = timedelta(hours=3)
        clip = film(spool).finish(triggered_at_utc=TRIGGERED_AT_UTC + set_right)
        assert clip.events == (label_of().event, SECOND)
        assert (clip.has_pictures, clip.cut_short, clip.unread_because) == (True, False, None)
        assert clip.raw_bytes == sum(len(unit.annex_b) for unit in pictures())
        video = clip.make_video().clip
        assert video.duration_s == pytest.approx(len(pictures()) / FPS)
        assert video.pre_roll_s == pytest.approx(2.0)
        assert video.started_at_utc == TRIGGERED_AT_UTC + set_right - timedelta(seconds=2)
        assert (video.format, video.salvaged) == (FORMAT, False)
        assert (video.start_delay_s, video.missing_s) == (0, 0)
        assert clip.make_video().clip == video
        clip.discard()
        clip.discard()
        spool.close()

    def test_a_video_that_was_removed_is_made_again(self, spool: Spool) -> None:
        """The same; where there is none to remove, nothing happens."""
        spool.open()
        clip = film(spool).finish(triggered_at_utc=TRIGGERED_AT_UTC)
        clip.remove_video()
        video = clip.make_video().clip
        for _ in range(2):
            clip.remove_video()
            assert not video.video_path.exists()
        assert clip.make_video().clip == video
        clip.discard()
        spool.close()

    def test_a_video_comes_with_its_preview(self, spool: Spool) -> None:
        """Two JPEGs (ITU-T T.81), the same each time; none where there is no time for it."""
        spool.open()
        clip = film(spool).finish(triggered_at_utc=TRIGGERED_AT_UTC)
        made = clip.make_video()
        assert made.preview is not None
        assert made.preview.thumbnail != made.preview.strip
        for jpeg in (made.preview.thumbnail, made.preview.strip):
            assert (jpeg[:2], jpeg[-2:]) == (b"\xff\xd8", b"\xff\xd9")
        assert made.no_preview_reason == ""
        assert clip.make_video() == made
        hurried = clip.make_video(with_preview=False)
        assert (hurried.clip, hurried.preview) == (made.clip, None)
        clip.discard()
        spool.close()

    def test_what_was_not_filmed_is_told(self, spool: Spool) -> None:
        """A late start, a gap, and an end before its time; a little less is none of them."""
        spool.open()
        early, late = pictures()[:15], pictures()[20:35]
        writer = spool.start_clip(label_of(at_s=early[0].at_s - 1.3))
        for unit in (*early, *(evolve(one, at_s=one.at_s + 4) for one in late)):
            writer.append(unit)
        last_s = late[-1].at_s + 4
        clip = writer.finish(triggered_at_utc=TRIGGERED_AT_UTC, until_s=last_s + 2.1)
        video = clip.make_video().clip
        assert (video.pre_roll_s, video.start_delay_s) == (0, pytest.approx(1.3))
        assert video.started_at_utc == TRIGGERED_AT_UTC + timedelta(seconds=1.3)
        assert video.missing_s == pytest.approx(4.5 + 2.0)
        assert video.duration_s == pytest.approx(last_s - early[0].at_s + 0.1)
        clip.discard()
        spool.close()

    def test_clip_without_pictures_makes_none(self, spool: Spool) -> None:
        """There is nothing to play, and trying again cannot help."""
        spool.open()
        clip = spool.start_clip(label_of()).finish(triggered_at_utc=TRIGGERED_AT_UTC)
        assert not clip.has_pictures
        with pytest.raises(DataLost):
            clip.make_video()
        clip.discard()
        spool.close()

    def test_unfinished_clip_is_left_cut_short(self, spool: Spool) -> None:
        """The next run finds its events and all its pictures."""
        spool.open()
        writer = film(spool)
        spool.close()
        spool.open()
        [left] = spool.left_clips().clips
        assert left.events == (label_of().event, SECOND)
        assert (left.has_pictures, left.cut_short, left.unread_because) == (True, True, None)
        assert left.raw_bytes == sum(len(unit.annex_b) for unit in pictures())
        video = left.make_video().clip
        assert video.salvaged
        assert video.duration_s == pytest.approx(len(pictures()) / FPS)
        assert video.started_at_utc == TRIGGERED_AT_UTC - timedelta(seconds=2)
        writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
        left.discard()
        spool.close()

    def test_finished_clip_is_left_whole(self, spool: Spool) -> None:
        """What the last run could not store has the same video in the next."""
        spool.open()
        clip = film(spool).finish(triggered_at_utc=TRIGGERED_AT_UTC)
        video = clip.make_video().clip
        spool.close()
        spool.open()
        [left] = spool.left_clips().clips
        assert not left.cut_short
        assert left.make_video().clip == video
        left.discard()
        spool.close()

    def test_clips_to_skip_are_not_listed(self, spool: Spool) -> None:
        """Who has them already need not have them read again."""
        spool.open()
        for event_id in ("evt-1", "evt-2"):
            spool.start_clip(label_of(event_id)).finish(triggered_at_utc=TRIGGERED_AT_UTC)
        spool.close()
        spool.open()
        both = spool.left_clips().clips
        skipped, listed = (clip.spool_path for clip in both)
        left = spool.left_clips(skip={skipped})
        assert [clip.spool_path for clip in left.clips] == [listed]
        for clip in both:
            clip.discard()
        spool.close()

    def test_clips_of_this_run_and_discarded_ones_are_not_left(self, spool: Spool) -> None:
        """Nothing that is being written, or was stored, is taken for a leftover."""
        spool.open()
        film(spool).finish(triggered_at_utc=TRIGGERED_AT_UTC).discard()
        spool.close()
        spool.open()
        clip = film(spool).finish(triggered_at_utc=TRIGGERED_AT_UTC)
        assert list(spool.left_clips().clips) == []
        clip.discard()
        spool.close()
        spool.close()

    def test_a_clip_that_was_set_aside_is_not_left(self, spool: Spool) -> None:
        """It is a person's from then on, who is told where it is, and keeps its name."""
        spool.open()
        writer = film(spool)
        spool.close()
        spool.open()
        [left] = spool.left_clips().clips
        places = [left.set_aside() for _ in range(2)]
        assert places == [left.spool_path.parent / "set_aside" / left.spool_path.name] * 2
        spool.close()
        spool.open()
        assert spool.left_clips() == LeftClips(clips=[])
        spool.close()
        writer.finish(triggered_at_utc=TRIGGERED_AT_UTC)
