"""The accounts after a campaign: they must find what is wrong."""

from pathlib import Path

import pytest

from tests.hil.campaigns.accounts import account_for_events
from tests.unit.hil.aftermath import EVENTS, Aftermath


@pytest.fixture
def aftermath(tmp_path: Path) -> Aftermath:
    return Aftermath(tmp_path)


def published(event_id: str) -> dict[str, object]:
    return {"event": "event_published", "event_id": event_id}


def test_all_is_well(aftermath: Aftermath) -> None:
    """What was accepted is in both places once; a repeat that the cloud knew does no harm."""
    aftermath.tell(published("a"), published("b"))
    aftermath.fill(EVENTS + "(1, 'a', 1.0, 'PIR'), (2, 'b', 2.0, 'PIR')")
    aftermath.post("a", "a", "b")
    events = account_for_events(aftermath.traces, 1, aftermath.database)
    assert events.is_kept
    assert (events.accepted, events.in_database, events.in_cloud) == (2, 2, 2)
    assert events.posted_again == 1


def test_each_fault_is_named(aftermath: Aftermath) -> None:
    """Missing here or there, twice, and in the wrong order."""
    aftermath.tell(published("a"), published("b"), published("c"))
    aftermath.fill(
        EVENTS + "(1, 'c', 3.0, 'PIR'), (2, 'b', 2.0, 'PIR')",
        EVENTS + "(3, 'b', 2.0, 'PIR'), (4, 'd', 1.0, 'BUTTON')",
    )
    aftermath.post("c", "b")
    events = account_for_events(aftermath.traces, 1, aftermath.database)
    assert not events.is_kept
    assert events.missing_in_database == events.missing_in_cloud == ("a",)
    assert events.twice_in_database == ("b",)
    assert (events.out_of_order_in_database, events.out_of_order_in_cloud) == (2, 1)


def test_a_line_cut_in_the_middle_is_passed_over(aftermath: Aftermath) -> None:
    """The last line of a log may have been cut with the power."""
    aftermath.tell(published("a"))
    with aftermath.traces.log(0).open("a") as stream:
        stream.write('{"event": "event_publ')
    assert aftermath.traces.accepted_ids(1) == ["a"]


def test_no_event_at_all_proves_nothing(aftermath: Aftermath) -> None:
    """Where nothing was accepted, nothing was kept."""
    aftermath.fill()
    assert not account_for_events(aftermath.traces, 1, aftermath.database).is_kept


def test_only_what_was_told_by_then_is_read(aftermath: Aftermath) -> None:
    """A log is looked at as it was when it was shorter."""
    aftermath.tell(published("a"), published("b"))
    line_bytes = aftermath.traces.log(0).stat().st_size // 2
    told = aftermath.traces.notices(0, "event_published", log_bytes=line_bytes)
    assert [one["event_id"] for one in told] == ["a"]
