"""What every `Archive` does: the fake and the SQLite file alike."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from attrs import evolve

from surveil_core.events import SensorEvent, SensorKind
from surveil_core.ports.archive import Archive, ClipState
from surveil_core.ports.preview import ClipPreview, PreviewKind
from surveil_core.vocabulary import AlertType
from tests.examples import MOTION_EVENT, RECEIVED_AT_UTC, ExampleClip, event_number

MakeArchive = Callable[[Sequence[SensorEvent], Sequence[ExampleClip]], Archive]

EVENTS = [
    MOTION_EVENT,
    event_number(1, SensorKind.BUTTON),
    event_number(2, SensorKind.PRESSURE),
    evolve(event_number(3), device_id="raspberry-2", extra={"battery": 0.5}),
    event_number(4),
]
VIDEO = bytes(range(256)) * 2000
PREVIEW = ClipPreview(thumbnail=bytes(range(256)) * 60, strip=b"strip\x00")
CLIPS = [
    ExampleClip(video=VIDEO, event_indexes=(0, 3), preview=PREVIEW),
    ExampleClip(video=b"short", event_indexes=(4,)),
]


class ArchiveContract:
    """Subclasses give `make_archive`.

    It stores events and clips in their order, each event received at `RECEIVED_AT_UTC`.
    """

    @pytest.fixture
    def make_archive(self) -> MakeArchive:
        raise NotImplementedError

    @pytest.fixture
    def archive(self, make_archive: MakeArchive) -> Archive:
        return make_archive(EVENTS, CLIPS)

    def test_empty_archive_lists_nothing(self, make_archive: MakeArchive) -> None:
        """Without events all lists are empty and nothing is found."""
        archive = make_archive([], [])
        assert list(archive.list_events(after=None, limit=10)) == []
        assert list(archive.list_events(after=0, limit=10)) == []
        assert list(archive.list_media(limit=10)) == []
        assert archive.find_media(1) is None
        assert archive.read_video(1, offset=0, length=10) == b""
        assert archive.read_preview(1, PreviewKind.THUMBNAIL) is None

    def test_latest_events_come_newest_first(self, archive: Archive) -> None:
        """Without a cursor the latest `limit` events come, newest first."""
        listed = archive.list_events(after=None, limit=2)
        assert [record.event_id for record in listed] == [EVENTS[4].event_id, EVENTS[3].event_id]

    def test_pages_by_cursor_give_each_event_once_in_order(self, archive: Archive) -> None:
        """Following the last cursor of each page walks through all events once."""
        seen: list[str] = []
        cursor = 0
        while page := archive.list_events(after=cursor, limit=2):
            seen += [record.event_id for record in page]
            cursor = page[-1].cursor
        assert seen == [event.event_id for event in EVENTS]

    def test_event_record_says_what_was_stored(self, archive: Archive) -> None:
        """A record has the sensor's name and place, both times and the data."""
        record = archive.list_events(after=0, limit=1)[0]
        assert record.event_id == MOTION_EVENT.event_id
        assert record.device_id == "raspberry-1"
        assert record.type is AlertType.MOTION_DETECTED
        assert record.source == "PIR"
        assert (record.sensor_name, record.location) == ("PIR Entrée", "Entrée")
        assert record.occurred_at_utc == MOTION_EVENT.occurred_at_utc
        assert record.received_at_utc == RECEIVED_AT_UTC
        assert record.data == {"gpio_pin": 17, "state": "HIGH"}
        assert list(record.media_ids) == [1]
        assert (record.clip_state, record.no_video_reason) == (ClipState.STORED, None)

    def test_pressure_is_listed_by_its_mapped_type(self, archive: Archive) -> None:
        """The API speaks the backend's words: pressure is a button pressed."""
        listed = archive.list_events(after=0, limit=3)
        assert [record.type.value for record in listed] == [
            "motion_detected",
            "button_pressed",
            "button_pressed",
        ]
        assert [record.sensor_name for record in listed][1:] == ["Bouton Entrée", "Tapis Entrée"]

    def test_videos_come_newest_first_with_their_events(self, archive: Archive) -> None:
        """A video names its trigger first, then the others that fell into it."""
        listed = archive.list_media(limit=10)
        assert [record.media_id for record in listed] == [2, 1]
        assert list(listed[1].event_ids) == [EVENTS[0].event_id, EVENTS[3].event_id]
        assert [record.media_id for record in archive.list_media(limit=1)] == [2]

    @pytest.mark.parametrize(
        ("before", "media_ids"), [(2**70, [2, 1]), (2, [1]), (1, []), (0, []), (-(2**70), [])]
    )
    def test_pages_of_videos(self, archive: Archive, before: int, media_ids: list[int]) -> None:
        """Those before a video come on the next page."""
        listed = archive.list_media(limit=10, before=before)
        assert [record.media_id for record in listed] == media_ids

    @pytest.mark.parametrize(("index", "media_ids"), [(0, [1]), (3, [1]), (4, [2]), (1, [])])
    def test_videos_of_one_event(self, archive: Archive, index: int, media_ids: list[int]) -> None:
        """A video is found by each event it shows."""
        listed = archive.list_media(limit=10, event_id=EVENTS[index].event_id)
        assert [record.media_id for record in listed] == media_ids

    @pytest.mark.parametrize("event_id", ["unknown", "", "\x00", "\ud800"])
    def test_unknown_event_has_no_video(self, archive: Archive, event_id: str) -> None:
        """An id that no event bears, or could bear, finds nothing."""
        assert list(archive.list_media(limit=10, event_id=event_id)) == []

    def test_video_is_described(self, archive: Archive) -> None:
        """A found video has its times, size and format."""
        record = archive.find_media(1)
        assert record is not None
        assert record.clip_bytes == len(VIDEO)
        assert (record.duration_s, record.pre_roll_s) == (13.0, 3.0)
        assert (record.resolution, record.codec, record.camera_number) == ("1280x720", "h264", 1)
        assert (record.salvaged, record.pinned) == (False, False)
        assert record.started_at_utc == MOTION_EVENT.occurred_at_utc - timedelta(seconds=3)
        assert not record.damaged

    @pytest.mark.parametrize(
        ("offset", "length"),
        [(0, 10), (255, 70_000), (0, len(VIDEO)), (len(VIDEO) - 3, 100), (0, 0), (5, 1)],
    )
    def test_any_part_of_a_video_is_read(self, archive: Archive, offset: int, length: int) -> None:
        """A part is the bytes from `offset`, fewer than `length` only at the end."""
        part = archive.read_video(1, offset=offset, length=length)
        assert part == VIDEO[offset : offset + length]

    @pytest.mark.parametrize("offset", [len(VIDEO), len(VIDEO) + 1, 2**70])
    def test_past_the_end_is_empty(self, archive: Archive, offset: int) -> None:
        """From the end on there is nothing to read."""
        assert archive.read_video(1, offset=offset, length=10) == b""

    def test_preview_is_read(self, archive: Archive) -> None:
        """Both its pictures, as they were stored; a video without one has none."""
        assert archive.read_preview(1, PreviewKind.THUMBNAIL) == PREVIEW.thumbnail
        assert archive.read_preview(1, PreviewKind.STRIP) == PREVIEW.strip
        assert [archive.read_preview(2, kind) for kind in PreviewKind] == [None, None]

    @pytest.mark.parametrize("media_id", [0, -1, 3, 2**63, 2**70, -(2**70)])
    def test_unknown_video_is_not_found(self, archive: Archive, media_id: int) -> None:
        """Any number that is no video finds nothing, however large."""
        assert archive.find_media(media_id) is None
        assert archive.read_preview(media_id, PreviewKind.STRIP) is None
        assert archive.read_video(media_id, offset=0, length=10) == b""

    def test_numbers_out_of_any_range_are_harmless(self, archive: Archive) -> None:
        """Cursors and limits of any size are taken for what they mean."""
        assert list(archive.list_events(after=2**70, limit=10)) == []
        assert len(archive.list_events(after=-(2**70), limit=2**70)) == len(EVENTS)
        assert list(archive.list_events(after=None, limit=0)) == []
        assert list(archive.list_events(after=None, limit=-1)) == []
        assert list(archive.list_media(limit=-1)) == []
