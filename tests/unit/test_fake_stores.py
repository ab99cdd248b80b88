"""The fakes of the stores keep the contracts that the real stores keep."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.events import SensorEvent
from surveil_core.ports.archive import ClipState, EventRecord, MediaRecord
from surveil_core.ports.dead_letters import DeadLetter
from surveil_core.retention import KeptVideo
from surveil_core.soundness import ClipRow, MeasuredVideo
from surveil_core.video import VideoFormat
from surveil_core.vocabulary import ALERT_TYPE_BY_EVENT_TYPE, KIND_BY_EVENT_TYPE
from tests.contracts.alert_store import AlertStoreContract
from tests.contracts.archive import ArchiveContract, MakeArchive
from tests.contracts.clip_jobs import ClipJobsContract, JobSite
from tests.contracts.dead_letters import DeadLettersContract, MakeLetters
from tests.contracts.event_store import EventStoreContract
from tests.contracts.inspection import InspectionContract
from tests.contracts.journal import JournalContract
from tests.contracts.media_store import MediaStoreContract
from tests.contracts.outbox import MakeOutbox, OutboxContract, commit
from tests.contracts.pins import PinsContract, PinSite
from tests.contracts.video_meter import VideoMeterContract
from tests.contracts.video_stock import VideoStockContract
from tests.examples import RECEIVED_AT_UTC, SENSORS, ExampleClip, clip_at, event_number
from tests.fakes.alert_store import FakeAlertStore
from tests.fakes.archive import FakeArchive
from tests.fakes.dead_letters import FakeDeadLetters
from tests.fakes.event_store import FakeEventStore
from tests.fakes.inspection import FakeInspection
from tests.fakes.journal import FakeJournal
from tests.fakes.media_store import FakeMediaStore
from tests.fakes.outbox import FakeOutbox
from tests.fakes.pins import FakePins
from tests.fakes.video_meter import FakeVideoMeter
from tests.fakes.video_stock import FakeVideoStock


class TestFakeEventStore(EventStoreContract):
    @pytest.fixture
    def store(self) -> FakeEventStore:
        return FakeEventStore()


class TestFakeEventLetters(DeadLettersContract):
    @pytest.fixture
    def make_letters(self) -> MakeLetters:
        def make(letters: Sequence[DeadLetter]) -> FakeDeadLetters:
            store = FakeEventStore()
            store.add_events([], letters)
            return store.dead_letters()

        return make


class TestFakeClipJobs(ClipJobsContract):
    @pytest.fixture
    def site(self) -> JobSite:
        store = FakeEventStore()
        return JobSite(
            jobs=store.jobs,
            events=store,
            add_clip=store.jobs.strike_out,
            reason_of=store.jobs.given_up.get,
        )


class TestFakeJournal(JournalContract):
    @pytest.fixture
    def journal(self) -> FakeJournal:
        return FakeJournal()


class TestFakeOutbox(OutboxContract):
    @pytest.fixture
    def make_outbox(self) -> MakeOutbox:
        def make(**options: Any) -> tuple[FakeOutbox, FakeDeadLetters]:
            outbox = FakeOutbox(**options)
            return outbox, outbox.dead_letters()

        return make


class TestFakeOutboxLetters(DeadLettersContract):
    @pytest.fixture
    def make_letters(self) -> MakeLetters:
        def make(letters: Sequence[DeadLetter]) -> FakeDeadLetters:
            outbox = FakeOutbox()
            commit(outbox, dead=letters)
            return outbox.dead_letters()

        return make


class TestFakeMediaStore(MediaStoreContract):
    @pytest.fixture
    def store(self) -> FakeMediaStore:
        return FakeMediaStore()


class TestFakeAlertStore(AlertStoreContract):
    @pytest.fixture
    def store(self) -> FakeAlertStore:
        return FakeAlertStore()


class TestFakeArchive(ArchiveContract):
    @pytest.fixture
    def make_archive(self) -> MakeArchive:
        return lambda events, clips: FakeArchive(
            events=[_event_record(n, event, clips) for n, event in enumerate(events)],
            media=[_media_record(n, clip, events) for n, clip in enumerate(clips)],
            videos={n: clip.video for n, clip in enumerate(clips, start=1)},
            previews={n: c.preview for n, c in enumerate(clips, start=1) if c.preview},
        )


def _event_record(index: int, event: SensorEvent, clips: Sequence[ExampleClip]) -> EventRecord:
    kind = KIND_BY_EVENT_TYPE[event.type]
    sensor = next(spec for spec in SENSORS if spec.kind is kind)
    media_ids = [n for n, clip in enumerate(clips, start=1) if index in clip.event_indexes]
    return EventRecord(
        cursor=index + 1,
        event_id=event.event_id,
        device_id=event.device_id,
        type=ALERT_TYPE_BY_EVENT_TYPE[event.type],
        source=event.source,
        sensor_name=sensor.name,
        location=sensor.location,
        occurred_at_utc=event.occurred_at_utc,
        received_at_utc=RECEIVED_AT_UTC,
        data=event.data,
        media_ids=media_ids,
        clip_state=ClipState.STORED if media_ids else ClipState.NONE,
    )


def _media_record(index: int, clip: ExampleClip, events: Sequence[SensorEvent]) -> MediaRecord:
    example = clip_at(Path(__file__), clip_bytes=len(clip.video))
    return MediaRecord(
        media_id=index + 1,
        event_ids=[events[n].event_id for n in clip.event_indexes],
        started_at_utc=example.started_at_utc,
        duration_s=example.duration_s,
        pre_roll_s=example.pre_roll_s,
        clip_bytes=len(clip.video),
        resolution=VideoFormat().resolution,
        codec=VideoFormat().codec,
        camera_number=1,
    )


class TestFakeInspection(InspectionContract):
    @pytest.fixture
    def inspection(self) -> FakeInspection:
        rows = {
            number: ClipRow(
                media_id=number,
                clip_bytes=1000,
                stored_bytes=1000,
                duration_s=3.0,
                resolution="320x180",
                codec="h264",
                event_row_id=number,
                has_event=True,
                linked_row_ids=(number,),
                started_at_utc=RECEIVED_AT_UTC,
                pre_roll_s=1.0,
                camera_number=1,
                salvaged=False,
                missing_s=0.0,
            )
            for number in (1, 2, 3)
        }
        events = {number: (event_number(number).event_id,) for number in rows}
        return FakeInspection(rows=rows, events=events)

    @pytest.fixture
    def lose_row(self, inspection: FakeInspection) -> Callable[[int], None]:
        return inspection.lost.add

    @pytest.fixture
    def delete_by_hand(self, inspection: FakeInspection) -> Callable[[int], None]:
        return inspection.deleted_by_hand.add

    @pytest.fixture
    def delete(self, inspection: FakeInspection) -> Callable[[int], None]:
        def delete(media_id: int) -> None:
            del inspection.rows[media_id], inspection.events[media_id]

        return delete


class TestFakeVideoMeter(VideoMeterContract):
    @pytest.fixture
    def whole(self) -> tuple[MeasuredVideo, int]:
        video = MeasuredVideo(
            duration_s=3.0,
            resolution="320x180",
            codec="h264",
            pictures=45,
            announced_pictures=45,
            begins_with_keyframe=True,
            crc32=0,
        )
        return video, 1000

    @pytest.fixture
    def meter(self, whole: tuple[MeasuredVideo, int]) -> FakeVideoMeter:
        lost = DataLost("its video is no readable MP4")
        return FakeVideoMeter(videos={1: whole[0], 2: lost, 3: StoreUnavailable("the disk failed")})


class TestFakePins(PinsContract):
    @pytest.fixture
    def site(self) -> PinSite:
        clip = ExampleClip(video=b"video", event_indexes=())
        archive = FakeArchive(media=[_media_record(n, clip, []) for n in range(3)])
        return PinSite(
            pins=FakePins(archive=archive),
            pinned=lambda: [record.media_id for record in archive.media if record.pinned],
        )


def _three_videos() -> FakeVideoStock:
    return FakeVideoStock(
        videos=[
            KeptVideo(media_id=media_id, video_bytes=100_000, started_at_utc=RECEIVED_AT_UTC)
            for media_id in (1, 2, 3)
        ]
    )


class TestFakeVideoStock(VideoStockContract):
    @pytest.fixture
    def stock(self) -> FakeVideoStock:
        return _three_videos()


class TestFakeVideoStockAsPins(PinsContract):
    @pytest.fixture
    def site(self) -> PinSite:
        stock = _three_videos()
        return PinSite(pins=stock, pinned=lambda: [v.media_id for v in stock.videos if v.is_pinned])
