"""What each HTTP status means for an event (DESIGN, section 5)."""

import pytest

from surveil_core.delivery import REFUSING_STATUSES, BackendReply, Outcome, judge_reply


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_delivered(status: int) -> None:
    """201 is new and 200 known; a plain backend may say any other 2xx."""
    assert judge_reply(BackendReply(status=status)) is Outcome.DELIVERED


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_a_body_that_cannot_be_taken_is_refused(status: int) -> None:
    """Sending such a body again cannot help."""
    assert judge_reply(BackendReply(status=status)) is Outcome.REFUSED


@pytest.mark.parametrize(
    "status", [401, 403, 404, 408, 425, 429, 500, 502, 503, 504, 100, 301, 302, 199, 300, 599]
)
def test_all_else_waits(status: int) -> None:
    """Log-in, routing, load and redirections are mended by a person or by time."""
    assert judge_reply(BackendReply(status=status)) is Outcome.WAIT


def test_no_status_is_left_out() -> None:
    """Every status has one outcome, and only the five refuse."""
    outcomes = {status: judge_reply(BackendReply(status=status)) for status in range(100, 600)}
    refused = {status for status, outcome in outcomes.items() if outcome is Outcome.REFUSED}
    assert refused == REFUSING_STATUSES
