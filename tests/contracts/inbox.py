"""What every `Inbox` does: the fake and paho alike."""

from collections.abc import Iterator
from typing import Protocol

import pytest

from surveil_core.ports.broker import Delivery, Inbox
from tests.waiting import wait_for


class InboxSite(Protocol):
    """An inbox that is open and subscribed to `topic`, and its broker."""

    inbox: Inbox
    topic: str

    def put(self, *payloads: bytes) -> None:
        """Let the broker have messages on `topic`; they have arrived when it returns."""

    def reconnect(self) -> None:
        """End the connection and make it anew, with the same session."""

    def rings(self) -> int:
        """Count how often the inbox's wakeup was rung."""


def take(inbox: Inbox, count: int) -> list[Delivery]:
    """Wait for `count` messages."""
    taken: list[Delivery] = []

    def have_come() -> bool:
        taken.extend(inbox.receive(0.05, limit=count - len(taken)))
        return len(taken) == count

    wait_for(f"{count} messages arrive", have_come)
    return taken


def payloads_of(deliveries: list[Delivery]) -> list[bytes]:
    """List the payloads."""
    return [delivery.payload for delivery in deliveries]


class InboxContract:
    """Subclasses give `site`."""

    @pytest.fixture
    def site(self) -> Iterator[InboxSite]:
        raise NotImplementedError

    def test_nothing_is_received_when_nothing_is_there(self, site: InboxSite) -> None:
        """An empty answer says that the wait was in vain; 0 does not wait."""
        assert list(site.inbox.receive(0, limit=10)) == []
        assert list(site.inbox.receive(0.01, limit=10)) == []

    def test_batches_come_in_order_and_within_the_limit(self, site: InboxSite) -> None:
        """A batch has what has arrived, at most as much as was asked for."""
        site.put(*[b"%d" % n for n in range(10)])
        wait_for("messages are there", lambda: site.rings() > 0)
        seen: list[bytes] = []
        while len(seen) < 10:
            batch = site.inbox.receive(1.0, limit=3)
            assert 1 <= len(batch) <= 3
            assert {delivery.topic for delivery in batch} == {site.topic}
            site.inbox.acknowledge(batch)
            seen += [delivery.payload for delivery in batch]
        assert seen == [b"%d" % n for n in range(10)]

    def test_what_is_left_behind_rings_again(self, site: InboxSite) -> None:
        """A caller that took its limit is told that there is more."""
        site.put(b"a", b"b", b"c")
        wait_for("all have rung", lambda: site.rings() >= 3)
        before = site.rings()
        site.inbox.receive(0, limit=1)
        assert site.rings() == before + 1
        site.inbox.receive(0, limit=2)
        assert site.rings() == before + 1

    def test_only_what_is_not_acknowledged_comes_again(self, site: InboxSite) -> None:
        """A consumer that dies before its acknowledgement gets the rest again, in order."""
        site.put(b"a", b"b", b"c", b"d")
        first, second, third, _ = take(site.inbox, 4)
        site.inbox.acknowledge([third, first])
        site.reconnect()
        assert payloads_of(take(site.inbox, 2)) == [b"b", b"d"]
        site.inbox.acknowledge([second])

    def test_stale_acknowledgement_does_nothing(self, site: InboxSite) -> None:
        """A message taken on a lost connection is delivered again; its old token is void."""
        site.put(b"once")
        stale = take(site.inbox, 1)
        site.reconnect()
        assert payloads_of(take(site.inbox, 1)) == [b"once"]
        site.inbox.acknowledge(stale)
        site.reconnect()
        again = take(site.inbox, 1)
        assert payloads_of(again) == [b"once"]
        site.inbox.acknowledge(again)
        site.reconnect()
        assert list(site.inbox.receive(0.2, limit=1)) == []

    def test_second_acknowledgement_does_nothing(self, site: InboxSite) -> None:
        """The broker may have given the identifier to another message by then."""
        site.put(b"a")
        first = take(site.inbox, 1)
        site.inbox.acknowledge(first)
        site.put(b"b")
        take(site.inbox, 1)
        site.inbox.acknowledge(first)
        site.reconnect()
        assert payloads_of(take(site.inbox, 1)) == [b"b"]

    def test_what_waits_unreceived_comes_again_once(self, site: InboxSite) -> None:
        """A new connection leaves nothing of the old one in the queue."""
        site.put(b"a", b"b")
        wait_for("both are there", lambda: site.rings() >= 2)
        site.reconnect()
        assert payloads_of(take(site.inbox, 2)) == [b"a", b"b"]
        assert list(site.inbox.receive(0.2, limit=1)) == []

    def test_closing_twice_is_safe(self, site: InboxSite) -> None:
        """An inbox may be closed again; acknowledging is no error then."""
        site.put(b"a")
        taken = take(site.inbox, 1)
        site.inbox.close()
        site.inbox.close()
        site.inbox.acknowledge(taken)
