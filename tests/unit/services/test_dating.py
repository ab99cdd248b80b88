"""The wall time of what was stamped by the monotonic clock."""

from datetime import UTC, datetime, timedelta

from attrs import define

from surveil_core.services.dating import utc_of
from tests.fakes.clock import FakeClock

NOON = datetime(2025, 1, 15, 12, 0, 0, tzinfo=UTC)


@define
class BusyClock(FakeClock):
    """Its reader is put aside for 40 ms right after the first reading of the wall clock."""

    utc: datetime = NOON
    pauses_s: tuple[float, ...] = (0.04,)

    def now_utc(self) -> datetime:
        """Say the time; the next reading is later."""
        now_utc = self.utc
        for pause_s in self.pauses_s:
            self.advance(pause_s)
        self.pauses_s = ()
        return now_utc


@define
class LateClock(BusyClock):
    """Its reader is put aside just before."""

    def now_utc(self) -> datetime:
        """Say the time after the pause."""
        super().now_utc()
        return self.utc


def test_a_reader_that_was_put_aside_reads_again() -> None:
    """An edge of 100 ms ago is dated as if nothing had come in between."""
    for clock in (BusyClock(), LateClock()):
        assert utc_of(clock.monotonic - 0.1, clock) == NOON - timedelta(seconds=0.1)


def test_what_is_to_come_happens_now() -> None:
    """A stamp of the future dates nothing beyond now."""
    clock = FakeClock(utc=NOON)
    assert utc_of(clock.monotonic + 5.0, clock) == NOON
