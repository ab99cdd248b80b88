"""What every `AlertStore` of the backend does, read back through its archive."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol

import pytest
from attrs import evolve

from surveil_core.errors import StoreUnavailable
from surveil_core.messages import BackendEvent
from surveil_core.ports.alert_store import AlertStore, NewAlert, StoredAlert
from surveil_core.ports.archive import Archive
from surveil_core.vocabulary import AlertType
from tests.examples import BACKEND_EVENT, MOTION_EVENT, RECEIVED_AT_UTC


class AlertStoreAndArchive(AlertStore, Archive, Protocol):
    """The backend's store is both."""


def add(
    store: AlertStore,
    event: BackendEvent = BACKEND_EVENT,
    event_id: str = "evt-1",
    received_at_utc: datetime = RECEIVED_AT_UTC,
) -> StoredAlert:
    """Store `event` as `event_id`, at the entrance."""
    (stored,) = store.add_alerts([new(event, event_id, received_at_utc)])
    return stored


def new(
    event: BackendEvent = BACKEND_EVENT,
    event_id: str = "evt-1",
    received_at_utc: datetime = RECEIVED_AT_UTC,
) -> NewAlert:
    """Build an alert at the entrance."""
    return NewAlert(
        event=event, event_id=event_id, location="Entrée", received_at_utc=received_at_utc
    )


class AlertStoreContract:
    """Subclasses give `store`: empty and open."""

    @pytest.fixture
    def store(self) -> Iterator[AlertStoreAndArchive]:
        raise NotImplementedError

    def test_new_then_known(self, store: AlertStoreAndArchive) -> None:
        """The same device and id are stored once; the repeat names the first's cursor."""
        first = add(store)
        assert first == StoredAlert(cursor=first.cursor, event_id="evt-1", is_new=True)
        assert add(store) == StoredAlert(cursor=first.cursor, event_id="evt-1", is_new=False)
        assert len(store.list_events(after=None, limit=10)) == 1

    def test_same_id_of_another_device_is_new(self, store: AlertStoreAndArchive) -> None:
        """The key is the device and the id together."""
        add(store)
        assert add(store, evolve(BACKEND_EVENT, device_id="raspberry-2")).is_new

    def test_group_is_answered_in_order(self, store: AlertStoreAndArchive) -> None:
        """Each of a group has its answer, repeats within the group too; none is no error."""
        add(store, event_id="evt-2")
        stored = store.add_alerts([new(event_id=f"evt-{n}") for n in (1, 2, 3, 1)])
        assert [alert.event_id for alert in stored] == ["evt-1", "evt-2", "evt-3", "evt-1"]
        assert [alert.is_new for alert in stored] == [True, False, True, False]
        assert stored[3].cursor == stored[0].cursor
        assert list(store.add_alerts([])) == []

    def test_record_says_what_was_stored(self, store: AlertStoreAndArchive) -> None:
        """A record has what the bridge sent and what the backend knew."""
        add(store)
        record = store.list_events(after=0, limit=1)[0]
        assert record.event_id == "evt-1"
        assert record.device_id == "raspberry-1"
        assert record.type is AlertType.MOTION_DETECTED
        assert (record.source, record.sensor_name, record.location) == ("PIR", None, "Entrée")
        assert record.occurred_at_utc == MOTION_EVENT.occurred_at_utc
        assert record.received_at_utc == RECEIVED_AT_UTC
        assert record.data == {"gpio_pin": 17, "state": "HIGH"}
        assert list(record.media_ids) == []

    def test_minimal_event_happened_when_it_was_received(self, store: AlertStoreAndArchive) -> None:
        """The spec's body of type and device alone is stored, with the reception's time."""
        event = BackendEvent(type=AlertType.BUTTON_PRESSED, device_id="test", details={})
        store.add_alerts([evolve(new(event), location=None)])
        record = store.list_events(after=0, limit=1)[0]
        assert record.occurred_at_utc == RECEIVED_AT_UTC
        assert (record.source, record.location, record.data) == (None, None, {})

    def test_data_that_is_no_object_is_listed_empty(self, store: AlertStoreAndArchive) -> None:
        """`details.data` is the bridge's own; what is no object is not listed as one."""
        add(store, evolve(BACKEND_EVENT, details={"data": [1, 2]}))
        assert store.list_events(after=0, limit=1)[0].data == {}

    def test_pages_by_cursor_and_latest_first(self, store: AlertStoreAndArchive) -> None:
        """Behind a cursor the oldest come first, without one the newest."""
        cursors = [add(store, event_id=f"evt-{number}").cursor for number in range(5)]
        assert cursors == sorted(set(cursors))
        behind = store.list_events(after=cursors[1], limit=2)
        assert [record.event_id for record in behind] == ["evt-2", "evt-3"]
        latest = store.list_events(after=None, limit=2)
        assert [record.event_id for record in latest] == ["evt-4", "evt-3"]

    def test_numbers_out_of_any_range_are_harmless(self, store: AlertStoreAndArchive) -> None:
        """Cursors and limits of any size are taken for what they mean."""
        add(store)
        assert list(store.list_events(after=2**70, limit=10)) == []
        assert len(store.list_events(after=-(2**70), limit=2**70)) == 1
        assert list(store.list_events(after=None, limit=-1)) == []

    def test_there_are_no_videos(self, store: AlertStoreAndArchive) -> None:
        """Videos stay on the Pi."""
        add(store)
        assert list(store.list_media(limit=10)) == []
        assert store.find_media(1) is None
        assert store.read_video(1, offset=0, length=10) == b""

    def test_two_threads_store_each_event_once(self, store: AlertStoreAndArchive) -> None:
        """Two bridges' worth of threads sending the same events agree on who was first."""
        with ThreadPoolExecutor(2) as pool:
            stored = list(pool.map(lambda n: add(store, event_id=f"evt-{n // 2}"), range(40)))
        assert sum(alert.is_new for alert in stored) == 20
        assert len({alert.cursor for alert in stored}) == 20

    def test_closed_store_refuses(self, store: AlertStoreAndArchive) -> None:
        """After closing, which may be done twice, calls are refused as unavailable."""
        store.close()
        store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            add(store)
        with pytest.raises(StoreUnavailable, match="closed"):
            store.list_events(after=None, limit=1)
