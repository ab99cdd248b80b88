"""What the guest's wall clock shows, though it can be asked no more once its power has gone.

The guest writes the time into a file ten times a second. When that file says a new time, the
guest's clock shows it or a little more, so the most that it was ever seen ahead of ours is how far
it is.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import define, field

from tests.hil.rig.cache import RigBroken


@define
class GuestClock:
    """Learns from `heartbeat` whenever it is told to look. Used by one thread."""

    heartbeat: Path
    _ahead: timedelta | None = field(default=None, init=False)

    def look(self) -> None:
        """Look at the file, if there is one yet."""
        try:
            beat = datetime.fromisoformat(self.heartbeat.read_text().strip())
        except (FileNotFoundError, ValueError):  # the guest is just about to write it
            return
        self.learn(beat, now_utc=datetime.now(UTC))

    def learn(self, beat: datetime, *, now_utc: datetime) -> None:
        """Take what the guest's clock said; an old beat, or one from an earlier boot, is less."""
        ahead = beat - now_utc
        self._ahead = ahead if self._ahead is None else max(ahead, self._ahead)

    def at(self, our_utc: datetime) -> datetime:
        """Say what it showed when ours showed `our_utc`. Raises `RigBroken` if it never told."""
        if self._ahead is None:
            raise RigBroken(f"the guest has never written the time to {self.heartbeat}")
        return our_utc + self._ahead
