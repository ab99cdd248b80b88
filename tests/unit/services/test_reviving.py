"""What a person may do with a dead letter."""

import pytest

from surveil_core.errors import BadMessage
from surveil_core.messages import build_sensor_message
from surveil_core.ports.dead_letters import DeadLetter
from surveil_core.services.reviving import replay_letter
from tests.examples import MOTION_EVENT, RECEIVED_AT_UTC
from tests.fakes.event_store import FakeEventStore


def store_with(payload: bytes) -> FakeEventStore:
    """Give a store whose letter number 1 has `payload`."""
    store = FakeEventStore()
    letter = DeadLetter(topic="sensor/old", payload=payload, reason="topic is 'sensor/old'")
    store.box.add(letter, RECEIVED_AT_UTC)
    return store


def test_replayed_letter_becomes_an_event() -> None:
    """It is stored, and no dead letter any more."""
    store = store_with(build_sensor_message(MOTION_EVENT))
    assert replay_letter(store.dead_letters(), 1)
    assert [row.event for row in store.rows] == [MOTION_EVENT]
    assert store.box.stored == []


def test_letter_that_is_still_no_message_stays() -> None:
    """The reason of today is said, and nothing is lost."""
    store = store_with(b"{}")
    with pytest.raises(BadMessage, match="event_id"):
        replay_letter(store.dead_letters(), 1)
    assert len(store.box.stored) == 1


def test_letter_that_is_gone_is_said() -> None:
    """Somebody else may have dealt with it."""
    assert not replay_letter(FakeEventStore().dead_letters(), 1)
