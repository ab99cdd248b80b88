"""When the oldest videos make room, and what is told of it."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

from attrs import define, field

from surveil_core.notices import AgesUnknown, OrphansRemoved, SpaceShort, StoreFailed, VideosGivenUp
from surveil_core.retention import KeptVideo, RetentionPolicy
from surveil_core.services.retaining import CHECK_EVERY_S, REASON, Retaining
from tests.examples import RECEIVED_AT_UTC
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.clock import FakeClock
from tests.fakes.video_stock import FakeVideoStock


def video(media_id: int, *, is_pinned: bool = False) -> KeptVideo:
    """Make a video of 1000 bytes."""
    return KeptVideo(
        media_id=media_id, video_bytes=1000, started_at_utc=RECEIVED_AT_UTC, is_pinned=is_pinned
    )


class Bench:
    """A stock with a policy."""

    def __init__(self, *videos: KeptVideo, **limits: int) -> None:
        self.stock = FakeVideoStock(videos=list(videos))
        self.clock = FakeClock()
        self.announcer = RecordingAnnouncer()
        self.retaining = Retaining(
            policy=RetentionPolicy(**{"min_free_bytes": 0, **limits}),
            stock=self.stock,
            clock=self.clock,
            announcer=self.announcer,
        )

    @property
    def kept(self) -> list[int]:
        """The ids of the videos that are left."""
        return [one.media_id for one in self.stock.videos]


def test_oldest_video_makes_room_for_a_new_one() -> None:
    """Its events keep the reason, and it is told."""
    bench = Bench(video(1), video(2), video(3), max_bytes=3000)
    bench.retaining.make_room(500)
    assert bench.kept == [2, 3]
    assert bench.stock.reasons == [REASON]
    assert bench.announcer.notices == [
        VideosGivenUp(service="surveillance", videos=1, freed_bytes=1000)
    ]


def test_clips_that_wait_to_be_stored_count() -> None:
    """The new one is one of them: it does not count twice."""
    bench = Bench(video(1), video(2), video(3), max_bytes=4000)
    bench.stock.spooled_bytes = 1000
    bench.retaining.make_room(1000)
    assert bench.kept == [1, 2, 3]
    bench.stock.spooled_bytes = 2500
    bench.retaining.make_room(1000)
    assert bench.kept == [3]


def test_what_lies_beside_a_new_video_needs_the_disk_but_is_no_video() -> None:
    """What is free in the database is given back for it, and `max_bytes` does not count it."""
    bench = Bench(video(1), video(2), video(3), max_bytes=4000)
    bench.retaining.step()
    bench.stock.disk_free_bytes, bench.stock.hollow_bytes = 0, 1500
    bench.retaining.make_room(1000, beside_bytes=1200)
    assert bench.kept == [2, 3]
    while bench.retaining.is_due:
        bench.retaining.step()
    assert bench.stock.disk_free_bytes >= 1200
    bench.stock.disk_free_bytes = 1 << 40
    bench.retaining.make_room(1000, beside_bytes=9000)
    assert bench.kept == [2, 3]


def test_within_its_limits_nothing_goes_and_nothing_is_told() -> None:
    """Once a minute there is a look, no more often."""
    bench = Bench(video(1), video(2), video(3), max_bytes=3000)
    bench.retaining.step()
    bench.stock.videos.append(video(4))
    bench.retaining.step()
    assert (bench.kept, bench.announcer.notices) == ([1, 2, 3, 4], [])
    bench.clock.advance(CHECK_EVERY_S)
    bench.retaining.step()
    assert bench.kept == [2, 3, 4]


def test_pinned_videos_stay_and_the_shortage_is_told_once() -> None:
    """What cannot be freed is said, and said again after it had been well."""
    bench = Bench(video(1, is_pinned=True), video(2), max_bytes=500)
    for _ in range(3):
        bench.retaining.make_room()
    assert bench.kept == [1]
    assert bench.announcer.of(SpaceShort) == [SpaceShort(service="surveillance", missing_bytes=500)]
    bench.stock.pin(1, is_pinned=False)
    bench.retaining.make_room()
    bench.stock.videos.append(video(3, is_pinned=True))
    bench.retaining.make_room()
    assert len(bench.announcer.of(SpaceShort)) == 2


def test_room_that_is_short_only_beside_a_new_video_is_not_told_with_each() -> None:
    """There is room for the clip; where there is none, that is told once for all clips."""
    bench = Bench(video(1, is_pinned=True), min_free_bytes=1000)
    bench.stock.disk_free_bytes = 2500
    for new_bytes in (1000, 2000):
        for _ in range(3):
            bench.retaining.make_room(new_bytes, beside_bytes=2000)
            bench.retaining.make_room(new_bytes)
    assert bench.announcer.of(SpaceShort) == [SpaceShort(service="surveillance", missing_bytes=500)]


def test_video_that_is_pinned_at_the_last_moment_is_not_said_to_be_gone() -> None:
    """It was chosen before a person pinned it."""
    bench = Bench(video(1), video(2), max_bytes=0)
    bench.stock.pinned_meanwhile = {1}
    bench.retaining.make_room()
    assert bench.kept == [1]
    assert bench.announcer.of(VideosGivenUp) == [
        VideosGivenUp(service="surveillance", videos=1, freed_bytes=1000)
    ]


def test_space_is_given_back_to_a_disk_that_others_filled() -> None:
    """By steps, and no further than is needed."""
    bench = Bench(*map(video, range(1, 5)), min_free_bytes=2500)
    bench.stock.disk_free_bytes, bench.stock.step_bytes = 500, 600
    bench.retaining.step()
    assert bench.kept == [3, 4]
    assert bench.stock.disk_free_bytes == 1100
    for _ in range(5):
        bench.retaining.step()
    assert bench.stock.disk_free_bytes == 2500
    assert bench.kept == [3, 4]


def test_where_videos_are_files_the_database_makes_room_on_the_disk() -> None:
    """What is free in it is given back as far as the next video needs it."""
    bench = Bench(video(1), min_free_bytes=1000)
    bench.stock.disk_free_bytes, bench.stock.hollow_bytes = 1000, 5000
    bench.retaining.make_room(1500)
    bench.retaining.step()
    assert bench.stock.disk_free_bytes == 1000
    bench = Bench(video(1), min_free_bytes=1000)
    bench.retaining.fills_hollow = False
    bench.stock.disk_free_bytes, bench.stock.hollow_bytes = 1000, 5000
    bench.stock.step_bytes = 1000
    bench.retaining.step()
    bench.retaining.make_room(1500)
    for _ in range(5):
        bench.retaining.step()
    assert bench.stock.disk_free_bytes == 3000
    assert bench.kept == [1]


def test_what_a_crash_left_goes_at_the_start_and_once_a_minute() -> None:
    """That a disk refuses is told, and the rest goes on."""
    bench = Bench(video(1), max_bytes=0)
    bench.stock.orphan_bytes, bench.stock.failures = 2000, 1
    bench.retaining.step()
    assert (bench.stock.orphan_bytes, bench.kept) == (2000, [])
    assert len(bench.announcer.of(StoreFailed)) == 1
    for _ in range(2):
        bench.clock.advance(CHECK_EVERY_S)
        bench.retaining.step()
    assert bench.announcer.of(OrphansRemoved) == [
        OrphansRemoved(service="surveillance", freed_bytes=2000)
    ]


def test_videos_whose_files_stay_take_no_others_along() -> None:
    """To lose their rows as well, minute by minute, would free nothing; it is told each time."""
    bench = Bench(*map(video, range(1, 9)), min_free_bytes=2500)
    bench.stock.disk_free_bytes, bench.stock.files_stay_because = 1000, "it may not be written"
    for _ in range(5):
        bench.retaining.step()
        bench.clock.advance(CHECK_EVERY_S)
    assert bench.kept == [3, 4, 5, 6, 7, 8]
    told = bench.announcer.of(StoreFailed)
    assert [notice.reason for notice in told] == ["it may not be written"] * 5
    bench.stock.files_stay_because, bench.stock.disk_free_bytes = None, 3000
    bench.retaining.step()
    assert bench.announcer.of(OrphansRemoved) == [
        OrphansRemoved(service="surveillance", freed_bytes=2000)
    ]
    assert bench.kept == [3, 4, 5, 6, 7, 8]


def test_old_videos_go_once_the_clock_is_set() -> None:
    """Until a time server was heard nothing is old; that is told once."""
    bench = Bench(video(1), max_age_days=30)
    bench.clock.set_wall_clock(RECEIVED_AT_UTC + timedelta(days=31))
    bench.clock.is_wall_clock_set = False
    for _ in range(3):
        bench.retaining.make_room()
    assert bench.kept == [1]
    assert bench.announcer.notices == [AgesUnknown(service="surveillance", max_age_days=30)]
    bench.clock.is_wall_clock_set = True
    bench.retaining.make_room()
    assert bench.kept == []


def test_database_that_refuses_is_asked_again_a_minute_later() -> None:
    """That is told, and ends nothing."""
    bench = Bench(video(1), max_bytes=0)
    bench.stock.failures = 2
    for _ in range(3):
        bench.retaining.step()
    assert {notice.retry_in_s for notice in bench.announcer.of(StoreFailed)} == {CHECK_EVERY_S}
    bench.clock.advance(CHECK_EVERY_S)
    bench.retaining.step()
    assert bench.kept == []


class TellingTurn:
    """A lock that tells when somebody has to wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.is_awaited = threading.Event()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self.is_awaited.set()
            self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


@define(kw_only=True)
class StockOfTwo(FakeVideoStock):
    """Another thread makes room too, between the first one's two looks."""

    pool: ThreadPoolExecutor
    turn: TellingTurn
    other: Retaining = field(init=False)
    work: "Future[None] | None" = None

    def oldest_first(self) -> Sequence[KeptVideo]:
        """As the port says."""
        if self.work is None:
            self.work = self.pool.submit(self.other.make_room)
            self.work.add_done_callback(lambda _: self.turn.is_awaited.set())
            assert self.turn.is_awaited.wait(10)
        return super().oldest_first()


def test_two_cameras_make_the_same_room_once() -> None:
    """The second looks when the first is done, and finds that there is enough."""
    turn = TellingTurn()
    with ThreadPoolExecutor(1) as pool:
        stock = StockOfTwo(videos=[video(n) for n in range(1, 7)], pool=pool, turn=turn)
        cameras = [
            Retaining(
                policy=RetentionPolicy(max_bytes=4000, min_free_bytes=0),
                stock=stock,
                clock=FakeClock(),
                announcer=RecordingAnnouncer(),
                turn=turn,
            )
            for _ in range(2)
        ]
        stock.other = cameras[1]
        cameras[0].make_room()
        assert stock.work is not None
        stock.work.result(10)
    assert [one.media_id for one in stock.videos] == [3, 4, 5, 6]
