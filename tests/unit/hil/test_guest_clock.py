"""What a guest's clock shows, from what it wrote while it lived."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.hil.campaigns.guest_clock import GuestClock
from tests.hil.rig.cache import RigBroken

NOW_UTC = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)


def test_the_freshest_beat_says_how_far_it_is_ahead(tmp_path: Path) -> None:
    """One that had been there for a while, or is of an earlier boot, says less."""
    clock = GuestClock(tmp_path / "heartbeat")
    for ahead_s in (-300.0, 0.91, 0.99, 0.93):
        clock.learn(NOW_UTC + timedelta(seconds=ahead_s), now_utc=NOW_UTC)
    assert clock.at(NOW_UTC) == NOW_UTC + timedelta(seconds=0.99)


def test_a_guest_that_never_told_its_time_is_a_broken_rig(tmp_path: Path) -> None:
    """Neither without a file nor with an empty one can a cut be dated."""
    clock = GuestClock(tmp_path / "heartbeat")
    clock.look()
    clock.heartbeat.touch()
    clock.look()
    with pytest.raises(RigBroken, match="never written the time"):
        clock.at(NOW_UTC)


def test_it_reads_what_the_guest_writes(tmp_path: Path) -> None:
    """Filled up with blanks, as the guest writes it over and over."""
    clock = GuestClock(tmp_path / "heartbeat")
    clock.heartbeat.write_bytes((datetime.now(UTC)).isoformat().encode().ljust(40))
    clock.look()
    assert abs(clock.at(NOW_UTC) - NOW_UTC) < timedelta(seconds=5)
