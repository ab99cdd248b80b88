"""A clock that stands still: time moves when a test says so, or when a service waits."""

from datetime import UTC, datetime, timedelta

from attrs import define, field


@define
class FakeClock:
    """Implements `Clock`. Both clocks advance together, as on a machine with NTP.

    `stop_requested` makes `wait_s` return True at once. `waits_s` lists every wait asked.
    """

    monotonic: float = 1000.0
    utc: datetime = datetime(2025, 1, 15, 14, 30, 45, 123456, tzinfo=UTC)
    stop_requested: bool = False
    is_wall_clock_set: bool = True
    waits_s: list[float] = field(factory=list, init=False)

    def now_utc(self) -> datetime:
        """Say the wall time."""
        return self.utc

    def is_set(self) -> bool:
        """Say what the test has decided."""
        return self.is_wall_clock_set

    def monotonic_s(self) -> float:
        """Say the monotonic time, from 1000 s on."""
        return self.monotonic

    def wait_s(self, duration_s: float) -> bool:
        """Let `duration_s` pass at once, unless the program is asked to stop."""
        if duration_s < 0:
            raise ValueError(f"duration_s is {duration_s}, expected 0 or more")
        self.waits_s.append(duration_s)
        if self.stop_requested:
            return True
        self.advance(duration_s)
        return False

    def advance(self, duration_s: float) -> None:
        """Let `duration_s` pass on both clocks."""
        if duration_s < 0:
            raise ValueError(f"duration_s is {duration_s}, a monotonic clock never goes back")
        self.monotonic += duration_s
        self.utc += timedelta(seconds=duration_s)

    def set_wall_clock(self, utc: datetime) -> None:
        """Let the wall clock jump, as when NTP answers; the monotonic one does not."""
        if utc.tzinfo is not UTC:
            raise ValueError(f"utc is {utc.isoformat()}, expected tzinfo to be datetime.UTC")
        self.utc = utc
