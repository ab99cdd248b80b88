"""Which journal records go out, which may be forgotten: at-least-once past a dying broker.

A broker that dies forgets what it had acknowledged and not yet saved. So a record is kept
for a while after its PUBACK, and all that is kept goes out again on each new connection.

A broker that does not remember us has lost its consumers as well: what comes before they
are back goes to nobody. All goes out once more when they must have come back, and only a
PUBACK after that counts. Consumers know repeats by `(device_id, event_id)`.
"""

from collections.abc import Sequence

from attrs import define, field, frozen, validators

_BEFORE_ALL = -(2**63)
"""Below all record ids, the provisional ones of events that no disk took included."""


@frozen(kw_only=True)
class PublicationPolicy:
    """How long records are kept.

    `settle_s` is longer than a consumer takes to come back: a pause of 30 s, then 15 s to
    connect.
    `keep_s` is longer than the broker's autosave interval; where no connection lasts so
    long, PUBACKs on `enough_connections` of them will do. `window` bounds what is out
    without its PUBACK; `forget_every_s` spares the disk.
    """

    settle_s: float = field(default=60.0, validator=validators.ge(0))
    keep_s: float = field(default=60.0, validator=validators.ge(0))
    enough_connections: int = field(default=5, validator=validators.ge(1))
    window: int = field(default=100, validator=validators.ge(1))
    forget_every_s: float = field(default=10.0, validator=validators.ge(0))


@define(kw_only=True)
class Publication:
    """Where one connection stands. `cursor` is the newest record sent in this round."""

    policy: PublicationPolicy = field(factory=PublicationPolicy)
    cursor: int = field(default=_BEFORE_ALL, init=False)
    _connection: int | None = field(default=None, init=False)
    _connected_at_s: float = field(default=0.0, init=False)
    _is_settled: bool = field(default=False, init=False)
    _in_flight: set[int] = field(factory=set, init=False)
    _acknowledged_at_s: dict[int, float] = field(factory=dict, init=False)
    _acknowledged_before: dict[int, int] = field(factory=dict, init=False)
    _forgot_at_s: float = field(default=float("-inf"), init=False)

    def note_connection(self, connection: int | None, *, is_remembered: bool, at_s: float) -> None:
        """Begin a round on a new connection, and one more when it has settled.

        It is settled at once where the broker remembers us.
        """
        if connection != self._connection:
            self._connection = connection
            self._connected_at_s = at_s
            self._is_settled = is_remembered
            self._in_flight.clear()
            self._count_acknowledged()
            self.begin_round()
        elif not self._is_settled and at_s - self._connected_at_s >= self.policy.settle_s:
            self._is_settled = True
            self.begin_round()

    @property
    def is_connected(self) -> bool:
        """Whether there is a live connection."""
        return self._connection is not None

    def begin_round(self) -> None:
        """Send everything that is kept once more, the oldest first."""
        self.cursor = _BEFORE_ALL

    def room(self) -> int:
        """Say how many records may go out now."""
        if not self.is_connected:
            return 0
        return max(0, self.policy.window - len(self._in_flight))

    def note_published(self, record_id: int) -> None:
        """Note that a record went out on the live connection."""
        self.cursor = record_id
        self._in_flight.add(record_id)

    def note_acknowledged(self, record_id: int, *, at_s: float) -> None:
        """Note a PUBACK; it lets a record be forgotten only on a settled connection."""
        self._in_flight.discard(record_id)
        if self._is_settled:
            self._acknowledged_at_s[record_id] = at_s

    def due_to_forget(self, *, at_s: float) -> Sequence[int]:
        """Name the records that were acknowledged `keep_s` ago, now and then."""
        if at_s - self._forgot_at_s < self.policy.forget_every_s:
            return ()
        self._forgot_at_s = at_s
        acknowledged = self._acknowledged_at_s.items()
        old = {key for key, since_s in acknowledged if at_s - since_s >= self.policy.keep_s}
        return sorted(old | self._often_acknowledged())

    def note_forgotten(self, record_ids: Sequence[int]) -> None:
        """Note that records have left the journal."""
        for record_id in record_ids:
            self._acknowledged_at_s.pop(record_id, None)
            self._acknowledged_before.pop(record_id, None)

    def _count_acknowledged(self) -> None:
        """Take back the PUBACKs of the connection that has ended, and remember their number."""
        for record_id in self._acknowledged_at_s:
            before = self._acknowledged_before.get(record_id, 0)
            self._acknowledged_before[record_id] = before + 1
        self._acknowledged_at_s.clear()

    def _often_acknowledged(self) -> set[int]:
        counts = self._acknowledged_before.items()
        return {key for key, count in counts if count >= self.policy.enough_connections}
