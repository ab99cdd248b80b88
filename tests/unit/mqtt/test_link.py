"""Which attempts of an outage reach the log."""

from surveil_adapters.mqtt.link import is_worth_announcing


def test_ten_attempts_are_logged_then_every_tenth() -> None:
    """The spec shows ten; a week's outage must not fill the log."""
    logged = [attempt for attempt in range(1, 41) if is_worth_announcing(attempt)]
    assert logged == [*range(1, 11), 20, 30, 40]
