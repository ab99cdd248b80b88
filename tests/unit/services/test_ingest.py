"""The backend's intake: what is stored, what is answered, what is shown."""

import json

import pytest

from surveil_core.bulk import build_bulk_body
from surveil_core.errors import BadMessage, StoreUnavailable
from surveil_core.messages import build_browser_alert
from surveil_core.services.ingest import Ingested, IngestService
from tests.examples import BACKEND_DOCUMENT
from tests.fakes.alert_store import FakeAlertStore
from tests.fakes.clock import FakeClock

BODY = json.dumps(BACKEND_DOCUMENT).encode()
MINIMAL = b'{"type": "motion_detected", "device_id": "test"}'


def an_intake(store: FakeAlertStore) -> IngestService:
    """Make an intake whose random bytes count up."""
    numbers = iter(range(1, 100))
    return IngestService(
        store=store,
        clock=FakeClock(),
        random_bytes=lambda length: next(numbers).to_bytes(length, "big"),
        location_by_device={"raspberry-1": "Entrée"},
    )


def test_a_new_event_is_201_with_its_alert() -> None:
    """The alert has the place, the reception's time, and the sensor's source."""
    store = FakeAlertStore()

    ingested = an_intake(store).ingest(BODY)

    assert (ingested.status, ingested.cursor) == (201, 1)
    assert build_browser_alert(ingested.alert) == {
        "device_id": "raspberry-1",
        "timestamp": "2025-01-15T14:30:45.123Z",
        "location": "Entrée",
        "details": {"event_id": "evt-1737123456-abc123", "source": "PIR"},
    }
    assert [record.location for record in store.records] == ["Entrée"]


def test_a_known_event_is_200_under_its_first_cursor() -> None:
    """The same event is stored once."""
    store = FakeAlertStore()
    intake = an_intake(store)

    intake.ingest(BODY)
    again = intake.ingest(BODY)

    assert (again.status, again.cursor) == (200, 1)
    assert len(store.records) == 1


def test_the_minimal_body_is_given_an_id_each_time() -> None:
    """Without an event id there is nothing to recognise it by."""
    intake = an_intake(FakeAlertStore())

    ids = [intake.ingest(MINIMAL).alert.event_id for _ in range(2)]

    assert ids == ["evt-1736951445-000001", "evt-1736951445-000002"]


def test_a_bad_body_is_refused_and_not_stored() -> None:
    """A body that breaks the contract raises with its reason."""
    store = FakeAlertStore()

    with pytest.raises(BadMessage, match="device_id"):
        an_intake(store).ingest(b'{"type": "motion_detected"}')
    assert store.records == []


def test_a_bulk_is_stored_in_order_and_each_event_answered() -> None:
    """New, known, bad and nameless events have their own answers, in their places."""
    store = FakeAlertStore()
    intake = an_intake(store)
    intake.ingest(BODY)

    results = intake.ingest_many(build_bulk_body([MINIMAL, b'{"type": "smoke"}', BODY, MINIMAL]))

    assert [item.status for item in results if isinstance(item, Ingested)] == [201, 200, 201]
    assert isinstance(results[1], BadMessage)
    assert "device_id" in str(results[1])
    assert [record.event_id for record in store.records] == [
        "evt-1737123456-abc123",
        "evt-1736951445-000001",
        "evt-1736951445-000002",
    ]


def test_an_event_twice_in_a_bulk_is_new_once() -> None:
    """A repeat is recognised within one transaction too."""
    results = an_intake(FakeAlertStore()).ingest_many(build_bulk_body([BODY, BODY]))

    assert [item.status for item in results if isinstance(item, Ingested)] == [201, 200]


@pytest.mark.parametrize("bodies", [[], [b"{}", b"[]"]])
def test_a_bulk_without_a_good_event_stores_nothing(bodies: list[bytes]) -> None:
    """Nothing good is no reason to trouble the store."""
    store = FakeAlertStore(unavailable="database is locked")

    results = an_intake(store).ingest_many(build_bulk_body(bodies))

    assert [type(item) for item in results] == [BadMessage] * len(bodies)


def test_a_bulk_is_stored_as_a_whole_or_not_at_all() -> None:
    """A store that is away has none of it, so that all is sent again."""
    with pytest.raises(StoreUnavailable, match="locked"):
        an_intake(FakeAlertStore(unavailable="database is locked")).ingest_many(
            build_bulk_body([BODY, MINIMAL])
        )


def test_a_store_that_is_away_is_told_on() -> None:
    """The caller must answer 503, so the error passes through."""
    with pytest.raises(StoreUnavailable, match="locked"):
        an_intake(FakeAlertStore(unavailable="database is locked")).ingest(BODY)
