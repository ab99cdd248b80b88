"""The backend's table of events in a list: both its `AlertStore` and its `Archive`."""

import threading
from collections.abc import Sequence

from attrs import define, field

from surveil_core.errors import StoreUnavailable
from surveil_core.messages import parse_timestamp
from surveil_core.ports.alert_store import NewAlert, StoredAlert
from surveil_core.ports.archive import EventRecord, MediaRecord
from surveil_core.ports.preview import PreviewKind


@define(kw_only=True)
class FakeAlertStore:
    """Keeps alerts as the records its archive lists; `closed` once closed.

    Set `unavailable` to a reason and every call raises `StoreUnavailable` with it.
    """

    records: list[EventRecord] = field(factory=list)
    unavailable: str | None = None
    closed: bool = False
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def add_alerts(self, alerts: Sequence[NewAlert]) -> Sequence[StoredAlert]:
        """As the port says."""
        self._check()
        with self._lock:
            return [self._add(alert) for alert in alerts]

    def list_events(self, *, after: int | None, limit: int) -> Sequence[EventRecord]:
        """As the archive's port says."""
        self._check()
        if after is None:
            return self.records[::-1][: max(limit, 0)]
        return [record for record in self.records if record.cursor > after][: max(limit, 0)]

    def list_media(
        self, *, limit: int, event_id: str | None = None, before: int | None = None
    ) -> Sequence[MediaRecord]:
        """Nothing: videos stay on the Pi."""
        self._check()
        return ()

    def find_media(self, media_id: int) -> MediaRecord | None:
        """None: videos stay on the Pi."""
        return next(iter(self.list_media(limit=1)), None)

    def read_video(self, media_id: int, *, offset: int, length: int) -> bytes:
        """Nothing: videos stay on the Pi."""
        self._check()
        return b""

    def read_preview(self, media_id: int, kind: PreviewKind) -> bytes | None:
        """None: videos stay on the Pi."""
        self._check()
        return None

    def close(self) -> None:
        """Refuse all further calls."""
        self.closed = True

    def _add(self, alert: NewAlert) -> StoredAlert:
        for record in self.records:
            if (record.device_id, record.event_id) == (alert.event.device_id, alert.event_id):
                return StoredAlert(cursor=record.cursor, event_id=alert.event_id, is_new=False)
        cursor = len(self.records) + 1
        self.records.append(_record_of(alert, cursor=cursor))
        return StoredAlert(cursor=cursor, event_id=alert.event_id, is_new=True)

    def _check(self) -> None:
        if self.closed:
            raise StoreUnavailable("the alert store is closed")
        if self.unavailable is not None:
            raise StoreUnavailable(self.unavailable)


def _record_of(alert: NewAlert, *, cursor: int) -> EventRecord:
    event, received_at_utc = alert.event, alert.received_at_utc
    data = event.details.get("data")
    original = event.original_timestamp
    return EventRecord(
        cursor=cursor,
        event_id=alert.event_id,
        device_id=event.device_id,
        type=event.type,
        source=event.source,
        sensor_name=None,
        location=alert.location,
        occurred_at_utc=received_at_utc if original is None else parse_timestamp(original),
        received_at_utc=received_at_utc,
        data=data if isinstance(data, dict) else {},
    )
