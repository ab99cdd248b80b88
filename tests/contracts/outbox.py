"""What every `Outbox` does: the fake and the SQLite file alike."""

from collections.abc import Callable, Sequence

import pytest
from attrs import evolve

from surveil_core.errors import StoreUnavailable
from surveil_core.messages import build_sensor_message
from surveil_core.ports.dead_letters import DeadLetter, DeadLetters
from surveil_core.ports.outbox import (
    Arrival,
    ArrivedEvent,
    Committed,
    Outbox,
    OutboxChanges,
    OutboxEntry,
    WhenFull,
)
from tests.examples import MOTION_EVENT, RECEIVED_AT_UTC, event_number

MakeOutbox = Callable[..., tuple[Outbox, DeadLetters]]
"""Given `max_bytes` and `when_full`: an empty outbox, and its dead letters."""

BAD = DeadLetter(topic="sensor/motion", payload=b"\xff\x00", reason="not UTF-8")
NEW, REPEATED, HELD = Arrival.NEW, Arrival.REPEATED, Arrival.HELD


def arrived(number: int, device_id: str = "raspberry-1") -> ArrivedEvent:
    """Build an arrival with an event of its own."""
    event = evolve(event_number(number), device_id=device_id)
    return ArrivedEvent(event=event, topic="sensor/motion", payload=build_sensor_message(event))


ARRIVAL_BYTES = len(arrived(1).topic) + len(arrived(1).payload)


def commit(
    outbox: Outbox,
    *events: ArrivedEvent,
    dead: Sequence[DeadLetter] = (),
    delivered: Sequence[int] = (),
    refused: Sequence[tuple[int, str]] = (),
) -> Committed:
    """Write changes at the examples' time."""
    return outbox.commit(
        OutboxChanges(
            arrived=events,
            dead=dead,
            delivered=delivered,
            refused=refused,
            at_utc=RECEIVED_AT_UTC,
        )
    )


def entries(
    outbox: Outbox, device_id: str = "raspberry-1", *, limit: int = 1000
) -> Sequence[OutboxEntry]:
    """Read what waits for a device, whatever its size."""
    return outbox.next_entries(device_id, limit=limit, max_bytes=2**40)


def waiting(outbox: Outbox, device_id: str = "raspberry-1") -> list[str]:
    """Name the events that wait for a device, in order."""
    return [entry.event_id for entry in entries(outbox, device_id)]


def ids_of(outbox: Outbox, device_id: str = "raspberry-1") -> list[int]:
    """Number the entries that wait for a device, in order."""
    return [entry.entry_id for entry in entries(outbox, device_id)]


def check_sum(outbox: Outbox) -> tuple[int, int, int, int, int]:
    """Check that nothing is uncounted; return received and where that is now."""
    c = outbox.counters()
    assert c.received == c.delivered + c.waiting + c.dead + c.refused
    return c.received, c.delivered, c.waiting, c.dead, c.refused


class OutboxContract:
    """Subclasses give `make_outbox`."""

    @pytest.fixture
    def make_outbox(self) -> MakeOutbox:
        raise NotImplementedError

    @pytest.fixture
    def outbox(self, make_outbox: MakeOutbox) -> Outbox:
        """Make an outbox with room."""
        return make_outbox()[0]

    def test_new_outbox_is_empty(self, outbox: Outbox) -> None:
        """Nothing waits in a new file, and all counts are 0."""
        assert list(outbox.waiting_devices()) == []
        assert list(entries(outbox)) == []
        assert check_sum(outbox) == (0, 0, 0, 0, 0)
        assert outbox.counters().waiting_bytes == 0
        assert not outbox.changed_elsewhere()

    def test_entry_is_what_arrived(self, outbox: Outbox) -> None:
        """An entry has the message as it came, whatever its bytes and letters."""
        odd = evolve(MOTION_EVENT, device_id="门" * 128, event_id="é" * 128)
        arrival = ArrivedEvent(event=odd, topic="sensor/é", payload=bytes(range(256)))
        assert list(commit(outbox, arrival).arrivals) == [NEW]
        (entry,) = entries(outbox, odd.device_id)
        assert (entry.device_id, entry.event_id) == odd.key
        assert (entry.topic, entry.payload) == (arrival.topic, arrival.payload)
        assert outbox.counters().waiting_bytes == 9 + 256
        assert list(commit(outbox, arrival).arrivals) == [REPEATED]

    def test_each_device_has_its_order(self, outbox: Outbox) -> None:
        """Entries wait in the order of arrival, and the longest waiting device is named first."""
        commit(outbox, arrived(3, "b"), arrived(1, "a"))
        commit(outbox, arrived(2, "b"), arrived(9, "a"), arrived(1, "c"))
        assert list(outbox.waiting_devices()) == ["b", "a", "c"]
        assert waiting(outbox, "b") == [event_number(n).event_id for n in (3, 2)]
        assert len(entries(outbox, "b", limit=1)) == 1
        assert len(entries(outbox, "b", limit=0)) == 0
        commit(outbox, delivered=ids_of(outbox, "b")[:1])
        assert list(outbox.waiting_devices()) == ["a", "b", "c"]

    def test_a_read_is_bounded_by_bytes(self, outbox: Outbox) -> None:
        """Payloads are read while they fit together, the first one always."""
        commit(outbox, *(arrived(n) for n in range(5)))
        payload_bytes = len(arrived(1).payload)
        for max_bytes, count in ((0, 1), (payload_bytes, 1), (3 * payload_bytes, 3)):
            read = outbox.next_entries("raspberry-1", limit=10, max_bytes=max_bytes)
            assert [entry.event_id for entry in read] == waiting(outbox)[:count]

    def test_ids_grow_and_are_not_used_again(self, outbox: Outbox) -> None:
        """The next entry of an emptied outbox has a new id."""
        commit(outbox, arrived(1), arrived(2))
        first = ids_of(outbox)
        commit(outbox, delivered=first)
        commit(outbox, arrived(3))
        assert first == sorted(first)
        assert ids_of(outbox)[0] > first[-1]

    def test_repeats_are_recognised_whatever_became_of_the_event(self, outbox: Outbox) -> None:
        """Within a group, waiting, delivered or refused: an event is taken once."""
        assert list(commit(outbox, arrived(1), arrived(1), arrived(2)).arrivals) == [
            NEW,
            REPEATED,
            NEW,
        ]
        assert list(commit(outbox, arrived(1)).arrivals) == [REPEATED]
        one, two = ids_of(outbox)
        commit(outbox, delivered=[one], refused=[(two, "400")])
        assert list(commit(outbox, arrived(1), arrived(2)).arrivals) == [REPEATED, REPEATED]
        assert list(commit(outbox, arrived(1, "other")).arrivals) == [NEW]
        assert outbox.counters().repeated == 4
        assert check_sum(outbox) == (3, 1, 1, 1, 0)

    def test_results_for_what_waits_no_more_are_ignored(self, outbox: Outbox) -> None:
        """An entry is delivered or refused once; later answers about it count nothing."""
        commit(outbox, arrived(1), arrived(2))
        one, two = ids_of(outbox)
        commit(outbox, delivered=[one, one], refused=[(two, "400"), (two, "400"), (one, "409")])
        commit(outbox, delivered=[two, 999], refused=[(one, "400"), (999, "400")])
        assert check_sum(outbox) == (2, 1, 0, 1, 0)
        assert outbox.counters().waiting_bytes == 0

    def test_refused_and_illegal_become_dead_letters(self, make_outbox: MakeOutbox) -> None:
        """Both are kept as they came, with the reason and the time."""
        outbox, letters = make_outbox()
        commit(outbox, arrived(1), dead=[BAD])
        commit(outbox, refused=[(ids_of(outbox)[0], "the backend answered 422")])
        bad, refused = letters.list_letters()
        assert bad.letter == BAD
        assert refused.letter.payload == arrived(1).payload
        assert refused.letter.topic == "sensor/motion"
        assert refused.letter.reason == "the backend answered 422"
        assert refused.died_at_utc == RECEIVED_AT_UTC
        assert list(outbox.waiting_devices()) == []
        assert check_sum(outbox) == (2, 0, 0, 2, 0)

    # --- the quota ----------------------------------------------------------------

    def test_full_outbox_that_holds(self, make_outbox: MakeOutbox) -> None:
        """What does not fit is left with the broker, with all behind it, and counts nothing."""
        outbox, _ = make_outbox(max_bytes=2 * ARRIVAL_BYTES, when_full=WhenFull.HOLD)
        committed = commit(outbox, *(arrived(n) for n in (1, 2, 1, 3, 2, 4)))
        assert list(committed.arrivals) == [NEW, NEW, REPEATED, HELD, HELD, HELD]
        assert check_sum(outbox) == (2, 0, 2, 0, 0)
        room = commit(outbox, arrived(3), arrived(4), delivered=ids_of(outbox)[:1])
        assert list(room.arrivals) == [NEW, HELD]
        assert waiting(outbox) == [event_number(n).event_id for n in (2, 3)]
        assert outbox.counters().repeated == 1

    def test_full_outbox_that_drops(self, make_outbox: MakeOutbox) -> None:
        """The oldest of all devices make room, are counted, and are not taken again."""
        outbox, _ = make_outbox(max_bytes=2 * ARRIVAL_BYTES, when_full=WhenFull.DROP_OLDEST)
        commit(outbox, arrived(1), arrived(2))
        gone = ids_of(outbox)[0]
        committed = commit(outbox, arrived(3))
        assert (list(committed.arrivals), committed.dropped_waiting) == ([NEW], 1)
        assert waiting(outbox) == [event_number(n).event_id for n in (2, 3)]
        assert list(commit(outbox, arrived(1), delivered=[gone]).arrivals) == [REPEATED]
        assert check_sum(outbox) == (3, 0, 2, 0, 1)

    @pytest.mark.parametrize("when_full", list(WhenFull))
    def test_event_larger_than_the_quota_is_a_dead_letter(
        self, make_outbox: MakeOutbox, when_full: WhenFull
    ) -> None:
        """It could never wait, so it is kept with that reason and holds up nothing."""
        outbox, letters = make_outbox(max_bytes=2 * ARRIVAL_BYTES, when_full=when_full)
        huge = evolve(arrived(1), payload=bytes(2 * ARRIVAL_BYTES))
        assert list(commit(outbox, huge, arrived(2), huge).arrivals) == [NEW, NEW, REPEATED]
        (stored,) = letters.list_letters()
        assert f"outbox takes {2 * ARRIVAL_BYTES}" in stored.letter.reason
        assert check_sum(outbox) == (2, 0, 1, 1, 0)

    def test_dead_letters_take_a_quarter(self, make_outbox: MakeOutbox) -> None:
        """The oldest letters above it are dropped and counted as refused; the newest stays."""
        outbox, letters = make_outbox(max_bytes=4 * 100)
        small = DeadLetter(topic="t", payload=b"p" * 39, reason="because.")
        assert commit(outbox, dead=[small, small]).dropped_dead == 0
        assert commit(outbox, dead=[small]).dropped_dead == 1
        assert check_sum(outbox) == (3, 0, 0, 2, 1)
        assert commit(outbox, dead=[evolve(small, payload=bytes(500))]).dropped_dead == 2
        assert [s.letter_id for s in letters.list_letters()] == [4]

    # --- the command beside the service -------------------------------------------

    def test_revived_event_waits_again(self, make_outbox: MakeOutbox) -> None:
        """What the backend had refused goes out again, behind what waits, and once."""
        outbox, letters = make_outbox()
        commit(outbox, arrived(1), arrived(2))
        commit(outbox, refused=[(ids_of(outbox)[0], "400")])
        assert letters.revive(1, arrived(1).event)
        assert outbox.changed_elsewhere()
        assert not outbox.changed_elsewhere()
        assert waiting(outbox) == [event_number(n).event_id for n in (2, 1)]
        assert list(commit(outbox, arrived(1)).arrivals) == [REPEATED]
        assert check_sum(outbox) == (2, 0, 2, 0, 0)
        commit(outbox, refused=[(ids_of(outbox)[1], "400 again")])
        assert letters.revive(2, arrived(1).event)
        commit(outbox, delivered=ids_of(outbox))
        assert check_sum(outbox) == (2, 2, 0, 0, 0)

    def test_revived_message_of_a_known_event_is_given_up(self, make_outbox: MakeOutbox) -> None:
        """A bad message that turns out to be an event taken before is not sent twice."""
        outbox, letters = make_outbox()
        commit(outbox, arrived(1), dead=[BAD, BAD])
        commit(outbox, delivered=ids_of(outbox))
        assert letters.revive(1, arrived(1).event)
        assert list(outbox.waiting_devices()) == []
        assert check_sum(outbox) == (3, 1, 0, 1, 1)
        assert letters.revive(2, arrived(2, "b").event)
        assert entries(outbox, "b")[0].payload == BAD.payload
        assert check_sum(outbox) == (3, 1, 1, 0, 1)

    def test_discarded_letter_is_refused(self, make_outbox: MakeOutbox) -> None:
        """A letter that a person removes is counted as given up."""
        outbox, letters = make_outbox()
        commit(outbox, dead=[BAD])
        assert letters.discard(1)
        assert outbox.changed_elsewhere()
        assert check_sum(outbox) == (1, 0, 0, 0, 1)

    def test_own_commits_are_no_change_from_elsewhere(self, outbox: Outbox) -> None:
        """Only what others write is told."""
        commit(outbox, arrived(1))
        assert not outbox.changed_elsewhere()

    def test_closed_outbox_refuses(self, outbox: Outbox) -> None:
        """After closing, which may be done twice, calls are refused as unavailable."""
        outbox.close()
        outbox.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            commit(outbox, arrived(1))
        with pytest.raises(StoreUnavailable, match="closed"):
            outbox.waiting_devices()
