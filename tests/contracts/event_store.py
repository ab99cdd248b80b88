"""What every `EventStore` does: the fake and the SQLite file alike."""

from collections.abc import Iterator

import pytest
from attrs import evolve

from surveil_core.errors import StoreUnavailable
from surveil_core.events import SensorKind
from surveil_core.ports.event_store import EventStore
from tests.examples import MOTION_EVENT, RECEIVED_AT_UTC, event_number


class EventStoreContract:
    """Subclasses give `store`: empty and open."""

    @pytest.fixture
    def store(self) -> Iterator[EventStore]:
        raise NotImplementedError

    def test_first_event_is_new_and_has_row_1(self, store: EventStore) -> None:
        """The first event of an empty store gets row 1, as in the spec."""
        stored = store.add_event(
            MOTION_EVENT, topic="sensor/motion", received_at_utc=RECEIVED_AT_UTC
        )
        assert (stored.row_id, stored.is_new) == (1, True)

    def test_row_ids_grow(self, store: EventStore) -> None:
        """Each further event has a greater row id, whatever its own time."""
        row_ids = [
            store.add_event(
                event_number(number), topic="sensor/motion", received_at_utc=RECEIVED_AT_UTC
            ).row_id
            for number in (5, 3, 9, -2)
        ]
        assert row_ids == sorted(set(row_ids))

    def test_repeat_is_told_and_keeps_its_row(self, store: EventStore) -> None:
        """The same key again, even with other content, is the stored event."""
        first = store.add_event(
            MOTION_EVENT, topic="sensor/motion", received_at_utc=RECEIVED_AT_UTC
        )
        store.add_event(event_number(1), topic="sensor/motion", received_at_utc=RECEIVED_AT_UTC)
        again = store.add_event(
            evolve(MOTION_EVENT, source="other"), topic="other", received_at_utc=RECEIVED_AT_UTC
        )
        assert (again.row_id, again.is_new) == (first.row_id, False)

    def test_same_id_of_another_device_is_another_event(self, store: EventStore) -> None:
        """The key is the device and the id together."""
        first = store.add_event(
            MOTION_EVENT, topic="sensor/motion", received_at_utc=RECEIVED_AT_UTC
        )
        other = store.add_event(
            evolve(MOTION_EVENT, device_id="raspberry-2"),
            topic="sensor/motion",
            received_at_utc=RECEIVED_AT_UTC,
        )
        assert other.is_new
        assert other.row_id != first.row_id

    @pytest.mark.parametrize("kind", list(SensorKind))
    def test_every_kind_is_stored(self, store: EventStore, kind: SensorKind) -> None:
        """Motion, button and pressure all have their rows."""
        event = event_number(1, kind)
        assert store.add_event(event, topic="t", received_at_utc=RECEIVED_AT_UTC).is_new

    def test_longest_ids_and_foreign_letters_are_stored(self, store: EventStore) -> None:
        """Ids of 128 characters, in any alphabet, are as good as the spec's."""
        event = evolve(MOTION_EVENT, event_id="é" * 128, device_id="门" * 128)
        assert store.add_event(event, topic="t", received_at_utc=RECEIVED_AT_UTC).is_new
        assert not store.add_event(event, topic="t", received_at_utc=RECEIVED_AT_UTC).is_new

    def test_event_without_pin_or_state_is_stored(self, store: EventStore) -> None:
        """A sensor that tells no detail still counts."""
        event = evolve(MOTION_EVENT, data={}, extra={"deep": [{"er": None}]})
        assert store.add_event(event, topic="t", received_at_utc=RECEIVED_AT_UTC).is_new

    def test_closed_store_refuses(self, store: EventStore) -> None:
        """After closing, which may be done twice, events are refused as unavailable."""
        store.close()
        store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            store.add_event(MOTION_EVENT, topic="t", received_at_utc=RECEIVED_AT_UTC)
