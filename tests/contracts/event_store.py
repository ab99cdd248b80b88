"""What every `EventStore` does: the fake and the SQLite file alike."""

from collections.abc import Iterator

import pytest
from attrs import evolve

from surveil_core.errors import StoreUnavailable
from surveil_core.events import SensorEvent, SensorKind
from surveil_core.ports.event_store import EventStore, ReceivedEvent, StoredEvent
from tests.examples import MOTION_EVENT, RECEIVED_AT_UTC, event_number


def received(event: SensorEvent = MOTION_EVENT, topic: str = "sensor/motion") -> ReceivedEvent:
    """Build an event as it came, not to be filmed."""
    return ReceivedEvent(event=event, topic=topic, received_at_utc=RECEIVED_AT_UTC)


def add(store: EventStore, event: SensorEvent = MOTION_EVENT) -> StoredEvent:
    """Store one event."""
    (stored,) = store.add_events([received(event)]).rows
    return stored


class EventStoreContract:
    """Subclasses give `store`: empty and open."""

    @pytest.fixture
    def store(self) -> Iterator[EventStore]:
        raise NotImplementedError

    def test_first_event_is_new_and_has_row_1(self, store: EventStore) -> None:
        """The first event of an empty store gets row 1, as in the spec."""
        assert add(store) == StoredEvent(row_id=1, is_new=True)

    def test_row_ids_grow(self, store: EventStore) -> None:
        """Each further event has a greater row id, whatever its own time."""
        stored = store.add_events([received(event_number(n)) for n in (5, 3, 9, -2)]).rows
        row_ids = [one.row_id for one in stored]
        assert row_ids == sorted(set(row_ids))

    def test_nothing_to_store_is_fine(self, store: EventStore) -> None:
        """An empty group has no answers."""
        assert list(store.add_events([]).rows) == []

    def test_repeat_is_told_and_keeps_its_row(self, store: EventStore) -> None:
        """The same key again, even with other content, is the stored event."""
        first = add(store)
        again = received(evolve(MOTION_EVENT, source="other"), topic="other")
        stored = store.add_events([received(event_number(1)), again, again]).rows
        assert [one.is_new for one in stored] == [True, False, False]
        assert {one.row_id for one in stored[1:]} == {first.row_id}

    def test_repeat_within_a_group_is_told(self, store: EventStore) -> None:
        """The first of the same key is new, the second is not."""
        stored = store.add_events([received(), received(event_number(1)), received()]).rows
        assert [one.is_new for one in stored] == [True, True, False]
        assert stored[2].row_id == stored[0].row_id

    def test_same_id_of_another_device_is_another_event(self, store: EventStore) -> None:
        """The key is the device and the id together."""
        first = add(store)
        other = add(store, evolve(MOTION_EVENT, device_id="raspberry-2"))
        assert other.is_new
        assert other.row_id != first.row_id

    @pytest.mark.parametrize("kind", list(SensorKind))
    def test_every_kind_is_stored(self, store: EventStore, kind: SensorKind) -> None:
        """Motion, button and pressure all have their rows."""
        assert add(store, event_number(1, kind)).is_new

    def test_longest_ids_and_foreign_letters_are_stored(self, store: EventStore) -> None:
        """Ids of 128 characters, in any alphabet, are as good as the spec's."""
        event = evolve(MOTION_EVENT, event_id="é" * 128, device_id="门" * 128)
        assert add(store, event).is_new
        assert not add(store, event).is_new

    def test_event_without_pin_or_state_is_stored(self, store: EventStore) -> None:
        """A sensor that tells no detail still counts."""
        assert add(store, evolve(MOTION_EVENT, data={}, extra={"deep": [{"er": None}]})).is_new

    def test_closed_store_refuses(self, store: EventStore) -> None:
        """After closing, which may be done twice, events are refused as unavailable."""
        store.close()
        store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            add(store)
