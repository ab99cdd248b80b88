"""What was accepted, held against what the backend, the database and the dead letters have."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from tests.rig.faulty_backend import REFUSAL

Key = tuple[str, str]
Letter = tuple[str, bytes]


@define
class Ledger:
    """The truth of a test: events by device in their order, and messages to be refused."""

    accepted: dict[str, list[str]] = field(factory=dict)
    dead: list[Letter] = field(factory=list)

    def accept(self, device_id: str, event_id: str) -> None:
        """Note an event that must arrive everywhere."""
        self.accepted.setdefault(device_id, []).append(event_id)

    def expect_dead(self, topic: str, payload: bytes) -> None:
        """Note a message that must end as a dead letter of each consumer."""
        self.dead.append((topic, payload))

    @property
    def keys(self) -> set[Key]:
        """All accepted events."""
        return {(device, event) for device, events in self.accepted.items() for event in events}

    def is_mine(self, key: Key) -> bool:
        """Whether an event is of a device of this test."""
        return key[0] in self.accepted


@frozen(kw_only=True)
class Leeway:
    """What a fault permits.

    `repeated_letters`: a process was killed, and a message without an identity may be
    refused twice. `disorder`: consumers missed events for a while, by no fault of ours.
    `repeated_posts`: how many events a killed bridge may have sent again.
    """

    repeated_letters: bool = False
    disorder: bool = False
    repeated_posts: int = 0


NONE = Leeway()


def assert_nothing_lost_or_repeated(
    ledger: Ledger,
    *,
    backend: Mapping[str, Any] | None,
    outbox: Path | None,
    database: Path | None,
    leeway: Leeway = NONE,
) -> None:
    """Hold all that is there against the ledger. A part that a test does not have is None."""
    if backend is not None:
        _check_backend(ledger, backend, leeway)
    if database is not None:
        rows = [tuple(row) for row in query(database, _ROWS)]
        _check_events(ledger, rows, "rows of evenement", leeway)
        letters = [(topic, payload) for topic, payload, _ in letters_of(database)]
        _check_letters(letters, ledger.dead, "surveillance.db", leeway)
    if outbox is not None:
        _check_outbox(ledger, backend, outbox, leeway)


_ROWS = "SELECT device_id, event_id FROM evenement ORDER BY id_evenement"
_LETTERS = "SELECT topic, payload, reason FROM dead_letter ORDER BY letter_id"


def _check_backend(ledger: Ledger, backend: Mapping[str, Any], leeway: Leeway) -> None:
    refused = [(device, event) for device, event in backend["refused"]]
    stored = [(device, event) for device, event in backend["stored"]]
    answered = stored + list(dict.fromkeys(key for key in refused if key not in set(stored)))
    _check_events(ledger, stored, "events of the backend", leeway, without=set(refused))
    assert ledger.keys <= set(answered)
    assert not backend["keys_not_matching"], "an Idempotency-Key names another event"
    needless = [tuple(key) for key in backend["needless"] if ledger.is_mine((key[0], key[1]))]
    assert len(needless) <= leeway.repeated_posts, (
        f"{len(needless)} events were sent again after the backend had answered 2xx "
        f"({leeway.repeated_posts} allowed), such as {needless[:5]}"
    )


def _check_events(
    ledger: Ledger,
    found: Iterable[Any],
    what: str,
    leeway: Leeway,
    *,
    without: set[Key] = frozenset(),  # type: ignore[assignment]
) -> None:
    mine = [key for key in found if ledger.is_mine(key)]
    expected = ledger.keys - without
    lost = sorted(expected - set(mine))
    strange = sorted(set(mine) - ledger.keys)
    twice = [key for key, times in Counter(mine).items() if times > 1]
    assert not lost, f"{what}: {len(lost)} of {len(expected)} are lost, such as {lost[:5]}"
    assert not twice, f"{what}: {len(twice)} are there twice, such as {twice[:5]}"
    assert not strange, f"{what}: {len(strange)} were never accepted, such as {strange[:5]}"
    if not leeway.disorder:
        for device, events in ledger.accepted.items():
            in_order = [event for event in events if (device, event) not in without]
            as_found = [event for owner, event in mine if owner == device]
            assert as_found == in_order, (
                f"{what}: out of order, {_first_difference(as_found, in_order)}"
            )


def _check_outbox(
    ledger: Ledger, backend: Mapping[str, Any] | None, outbox: Path, leeway: Leeway
) -> None:
    letters = letters_of(outbox)
    by_backend = [payload for _, payload, reason in letters if _is_refusal(reason)]
    illegal = [(topic, payload) for topic, payload, reason in letters if not _is_refusal(reason)]
    _check_letters(illegal, ledger.dead, "outbox.db", leeway)
    documents = [json.loads(payload) for payload in by_backend]
    buried = sorted((one["device_id"], one["event_id"]) for one in documents)
    refused = backend["refused"] if backend is not None else []
    expected = sorted({(device, event) for device, event in refused})
    assert buried == expected, (
        f"the backend refused {len(expected)} events, {len(buried)} are dead letters for it"
    )
    now = counters_of(outbox)
    assert now["waiting"] == 0, f"{now['waiting']} events still wait"


def _is_refusal(reason: str) -> bool:
    return reason.startswith("HTTP 400: ") and REFUSAL in reason


def _check_letters(
    found: Sequence[Letter], expected: Sequence[Letter], what: str, leeway: Leeway
) -> None:
    missing = Counter(expected) - Counter(found)
    surplus = Counter(found) - Counter(expected)
    assert not missing, f"{what}: {missing.total()} dead letters are missing: {_some(missing)}"
    if leeway.repeated_letters:
        surplus = Counter({one: n for one, n in surplus.items() if one not in set(expected)})
    assert not surplus, f"{what}: {surplus.total()} dead letters too many: {_some(surplus)}"


def _some(letters: Counter[Letter]) -> list[str]:
    return [f"{topic} {payload!r:.60}" for topic, payload in list(letters)[:5]]


def _first_difference(found: Sequence[str], expected: Sequence[str]) -> str:
    for place, (one, other) in enumerate(zip(found, expected, strict=False)):
        if one != other:
            return f"at {place} {one} instead of {other}"
    return f"{len(found)} instead of {len(expected)}"


# --- looking into files ---------------------------------------------------------------


def query(path: Path, statement: str) -> list[Any]:
    """Read what a file holds now."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=10)) as connection:
        connection.execute("PRAGMA query_only = ON")
        return connection.execute(statement).fetchall()


def letters_of(path: Path) -> list[tuple[str, bytes, str]]:
    """List the dead letters of a file: topic, payload, reason. Each has a reason."""
    letters = [(topic, payload, reason) for topic, payload, reason in query(path, _LETTERS)]
    assert all(reason for _, _, reason in letters), "a dead letter without a reason"
    return letters


_COUNTERS = """
    SELECT received, delivered, waiting, letters AS dead, refused, repeated,
           (SELECT count(*) FROM entry) AS entries,
           (SELECT count(*) FROM dead_letter) AS dead_letters
    FROM total JOIN dead_letter_total USING (only_row)
"""


_COUNTER_NAMES = (
    *("received", "delivered", "waiting", "dead", "refused", "repeated"),
    *("entries", "dead_letters"),
)


def counters_of(outbox: Path) -> dict[str, int]:
    """Read the outbox's counters at one instant, and check that they add up."""
    row = query(outbox, _COUNTERS)[0]
    now: dict[str, int] = dict(zip(_COUNTER_NAMES, row, strict=True))
    check_counters(now)
    return now


def check_counters(now: Mapping[str, int]) -> None:
    """Check that received = delivered + waiting + dead + refused, and the tables agree."""
    accounted = now["delivered"] + now["waiting"] + now["dead"] + now["refused"]
    assert now["received"] == accounted, f"the counters do not add up: {now}"
    assert now["waiting"] == now["entries"], f"waiting is not what waits: {now}"
    assert now["dead"] == now["dead_letters"], f"dead is not what is dead: {now}"
