"""Events are legal as soon as they exist."""

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from surveil_core.events import MAX_TEXT_CHARS, new_event_id
from tests.examples import MOTION_EVENT

TEXT_FIELDS = ("event_id", "device_id", "source")


@pytest.mark.parametrize("name", TEXT_FIELDS)
@pytest.mark.parametrize(
    "text", ["", "x" * (MAX_TEXT_CHARS + 1), "a\nb", "\x00", "\ud800", "\x1b[31m"]
)
def test_text_out_of_bounds_is_refused(name: str, text: str) -> None:
    """Ids and source have 1 to 128 printable characters; the error names the field."""
    with pytest.raises(ValueError, match=f"{name} is .*1 to 128 printable"):
        evolve(MOTION_EVENT, **{name: text})


@pytest.mark.parametrize("name", TEXT_FIELDS)
@pytest.mark.parametrize("value", [None, 5, b"evt", ["evt"]])
def test_text_of_another_type_is_refused(name: str, value: object) -> None:
    """What is no text is no id."""
    with pytest.raises(TypeError, match=f"{name} is .*expected text"):
        evolve(MOTION_EVENT, **{name: value})


@pytest.mark.parametrize("name", TEXT_FIELDS)
@pytest.mark.parametrize("text", ["x", "é" * MAX_TEXT_CHARS, "evt 1"])
def test_text_within_bounds_is_taken(name: str, text: str) -> None:
    """Both bounds belong to what is taken."""
    assert getattr(evolve(MOTION_EVENT, **{name: text}), name) == text


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=1))])
def test_time_that_is_not_utc_is_refused(zone: timezone | None) -> None:
    """An event's instant is in UTC, so that no reader must ask."""
    with pytest.raises(ValueError, match="expected a time in UTC"):
        evolve(MOTION_EVENT, occurred_at_utc=datetime(2025, 1, 15, tzinfo=zone))


def test_event_cannot_be_changed() -> None:
    """Neither a field nor the data of an event can be replaced."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        MOTION_EVENT.source = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        MOTION_EVENT.data["state"] = "LOW"  # type: ignore[index]


def test_event_keeps_its_own_copy_of_data() -> None:
    """Changing the mapping that an event was built from does not change the event."""
    data = {"gpio_pin": 17}
    event = evolve(MOTION_EVENT, data=data)
    data["gpio_pin"] = 5
    assert event.gpio_pin == 17


def test_key_is_device_and_id() -> None:
    """What makes an event the same event is its device and its id."""
    assert MOTION_EVENT.key == ("raspberry-1", "evt-1737123456-abc123")


def test_absent_details_are_none() -> None:
    """A sensor that names no pin and no level is still heard."""
    event = evolve(MOTION_EVENT, data={})
    assert (event.gpio_pin, event.state) == (None, None)


def test_event_is_hashable() -> None:
    """Events can be gathered in sets."""
    assert len({MOTION_EVENT, evolve(MOTION_EVENT)}) == 1


def test_event_id_has_the_form_of_the_spec() -> None:
    """`evt-<unix s>-<6 hex>`."""
    moment = datetime.fromtimestamp(1737123456.9, UTC)
    assert new_event_id(occurred_at_utc=moment, random_bytes=b"\xab\xc1\x23") == (
        "evt-1737123456-abc123"
    )


@given(
    moment=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),
    random_bytes=st.binary(min_size=3, max_size=3),
)
def test_every_event_id_is_legal(moment: datetime, random_bytes: bytes) -> None:
    """Whatever the time and the random bytes, an event can bear the id."""
    event_id = new_event_id(occurred_at_utc=moment, random_bytes=random_bytes)
    assert evolve(MOTION_EVENT, event_id=event_id).event_id == event_id


@pytest.mark.parametrize("random_bytes", [b"", b"12", b"1234"])
def test_event_id_needs_three_bytes(random_bytes: bytes) -> None:
    """Another number of random bytes is the caller's mistake."""
    with pytest.raises(ValueError, match="expected 3"):
        new_event_id(occurred_at_utc=datetime.now(UTC), random_bytes=random_bytes)
