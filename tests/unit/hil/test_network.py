"""A network that did no harm shows nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.hil.campaigns.accounts import Events
from tests.hil.campaigns.network import Findings
from tests.hil.campaigns.under_bad_network import packets_of

TOLD = """qdisc netem 8001: root refcnt 2 limit 1000 loss 20%
 Sent 1234 bytes 40 pkt (dropped 10, overlimits 0 requeues 0)
 backlog 0b 0p requeues 0
"""
MEANWHILE_UTC = datetime(2025, 1, 15, 12, 0, 30, tzinfo=UTC)


def events(accepted: int = 4) -> Events:
    return Events(
        accepted=accepted,
        in_database=accepted,
        in_cloud=accepted,
        missing_in_database=(),
        missing_in_cloud=(),
        twice_in_database=(),
        twice_in_cloud=(),
        out_of_order_in_database=0,
        out_of_order_in_cloud=0,
        posted_again=0,
    )


def weather(name: str, *, is_out: bool = False, **more: Any) -> dict[str, Any]:
    minute = "2025-01-15T12:00:00+00:00", "2025-01-15T12:01:00+00:00"
    known = {"name": name, "began": minute[0], "ended": minute[1], "presses": 2, "is_out": is_out}
    return {**known, "netem": None, "passed": 0, "lost": 0, **more}


def findings(*weathers: dict[str, Any], stored_at_utc: Sequence[datetime] = ()) -> Findings:
    return Findings(weathers=weathers, events=events(), kept_at_utc=(), stored_at_utc=stored_at_utc)


OUT = weather("cable out", is_out=True)
LOSSY = weather("a fifth lost", netem="loss 20%", passed=40, lost=10)


def test_all_is_well_if_the_network_was_bad() -> None:
    """Nothing came through the outage, packets were lost, and each press is an event.

    What had come just before may be stored a moment later.
    """
    moment_later_utc = MEANWHILE_UTC.replace(second=1)
    assert findings(OUT, LOSSY, stored_at_utc=[moment_later_utc]).is_kept


@pytest.mark.parametrize(
    ("found", "too_good"),
    [
        (findings(OUT, LOSSY, stored_at_utc=[MEANWHILE_UTC]), ["cable out"]),
        (findings(OUT, {**LOSSY, "lost": 0}), ["a fifth lost"]),
    ],
)
def test_a_network_that_did_no_harm_shows_nothing(found: Findings, too_good: list[str]) -> None:
    """It is named."""
    assert found.too_good == too_good
    assert not found.is_kept


def test_a_press_that_is_no_event_is_lost() -> None:
    """Every press must be one."""
    assert not findings(OUT, LOSSY, weather("good")).is_kept


def test_without_an_outage_nothing_is_shown() -> None:
    """Nor is a slow network one."""
    assert not findings(LOSSY, weather("slow", netem="delay 300ms")).is_kept


def test_netem_s_own_counts_are_read() -> None:
    """Packets passed and lost, of one device."""
    assert packets_of(TOLD) == {"passed": 40, "lost": 10}
    with pytest.raises(ValueError, match="no packets"):
        packets_of("")
