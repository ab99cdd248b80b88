"""`Retry-After` in both forms of RFC 9110, 10.2.3, and what peers make of it."""

from datetime import UTC, datetime

import pytest

from surveil_adapters.http.answers import parse_retry_after

NOW = datetime(2025, 1, 15, 14, 30, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected_s"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Wed, 15 Jan 2025 14:31:00 GMT", 60),
        ("Wed, 15 Jan 2025 14:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("1.5", None),
        ("9" * 400, float("inf")),
        ("Wed, 15 Jan 99999999999999999999 14:31:00 GMT", None),
        ("Wed, 15 Jan 2025 14:31:00 +99999999999999", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 251_665_435_739),
    ],
)
def test_retry_after_is_read_or_ignored(value: str, expected_s: float | None) -> None:
    """Seconds and dates are read; anything else is as if it were absent."""
    assert parse_retry_after(value, now_utc=NOW) == expected_s
