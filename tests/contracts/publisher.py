"""What every `Publisher` does: the fake and paho alike."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import pytest

from surveil_core.ports.broker import Publisher
from tests.waiting import wait_for


class PublisherSite(Protocol):
    """A publisher that is open, its broker, and whoever listens there to `topic`."""

    publisher: Publisher
    topic: str

    def received(self) -> Sequence[bytes]:
        """List what the broker was sent, oldest first."""

    def cut(self) -> None:
        """End the present connection from outside; there will be another.

        The broker keeps the session of a client that it has seen.
        """

    def rings(self) -> int:
        """Count how often the publisher's wakeup was rung."""


def connected(publisher: Publisher) -> int:
    """Wait for a connection, and say its number."""
    number = wait_for("a connection is there", publisher.connection)
    assert number is not None
    return number


def acknowledged(publisher: Publisher, count: int) -> list[int]:
    """Wait for `count` PUBACKs, and say whose they are."""
    record_ids: list[int] = []

    def have_come() -> bool:
        record_ids.extend(publisher.take_acknowledged())
        return len(record_ids) >= count

    wait_for(f"{count} PUBACKs have come", have_come)
    return record_ids


class PublisherContract:
    """Subclasses give `site`."""

    @pytest.fixture
    def site(self) -> Iterator[PublisherSite]:
        raise NotImplementedError

    def test_messages_arrive_whole_and_in_order(self, site: PublisherSite) -> None:
        """What is published on one connection reaches the broker as it was given."""
        connected(site.publisher)
        payloads = [b"%d \x00\xff" % n for n in range(300)]
        for n, payload in enumerate(payloads):
            assert site.publisher.publish(site.topic, payload, record_id=n)
        wait_for("all have arrived", lambda: len(site.received()) == len(payloads))
        assert list(site.received()) == payloads

    def test_pubacks_name_their_records_in_order_and_once(self, site: PublisherSite) -> None:
        """The caller learns which records arrived, by its own numbers, oldest first."""
        connected(site.publisher)
        record_ids = list(range(1000, 1300))
        for record_id in record_ids:
            site.publisher.publish(site.topic, b"x", record_id=record_id)
        assert acknowledged(site.publisher, len(record_ids)) == record_ids
        assert list(site.publisher.take_acknowledged()) == []

    def test_nothing_is_published_on_a_connection_that_was_not_told(
        self, site: PublisherSite
    ) -> None:
        """A connection that came meanwhile is not used before the caller knows of it.

        Else a new message would overtake those that must be published again.
        """
        first = connected(site.publisher)
        site.cut()
        wait_for(
            "a publication is refused",
            lambda: not site.publisher.publish(site.topic, b"late", record_id=1),
        )
        second = wait_for(
            "another connection is there", lambda: (site.publisher.connection() or 0) > first
        )
        assert second
        assert site.publisher.publish(site.topic, b"again", record_id=2)
        assert acknowledged(site.publisher, 1)[-1] == 2

    def test_what_a_lost_connection_left_is_not_sent_again(self, site: PublisherSite) -> None:
        """A new connection begins with nothing: the caller decides what goes out, in order."""
        first = connected(site.publisher)
        site.publisher.publish(site.topic, b"first", record_id=1)
        acknowledged(site.publisher, 1)
        site.cut()
        wait_for("another connection is there", lambda: (site.publisher.connection() or 0) > first)
        site.publisher.publish(site.topic, b"second", record_id=2)
        wait_for("the second is there", lambda: b"second" in site.received())
        assert list(site.received()) == [b"first", b"second"]

    def test_second_connection_is_remembered(self, site: PublisherSite) -> None:
        """The broker knows a client from its first connection on, and says so at the next.

        What was said of a connection holds until the caller was told of another.
        """
        assert not site.publisher.is_remembered()
        first = connected(site.publisher)
        assert not site.publisher.is_remembered()
        site.cut()
        wait_for(
            "the first connection is gone",
            lambda: not site.publisher.publish(site.topic, b"late", record_id=1),
        )
        assert not site.publisher.is_remembered()
        wait_for("another connection is there", lambda: (site.publisher.connection() or 0) > first)
        assert site.publisher.is_remembered()

    def test_wakeup_is_rung_by_connection_and_puback(self, site: PublisherSite) -> None:
        """Whoever waits hears of both."""
        connected(site.publisher)
        before = site.rings()
        site.publisher.publish(site.topic, b"x", record_id=7)
        assert acknowledged(site.publisher, 1) == [7]
        wait_for("the PUBACK has rung", lambda: site.rings() > before)
        before = site.rings()
        site.cut()
        wait_for("the connection has rung", lambda: site.rings() > before)

    def test_topic_with_wildcards_is_refused(self, site: PublisherSite) -> None:
        """A wildcard names no topic: the caller's mistake."""
        connected(site.publisher)
        with pytest.raises(ValueError, match="wildcards"):
            site.publisher.publish("sensor/#", b"x", record_id=1)

    def test_closed_publisher_has_no_connection(self, site: PublisherSite) -> None:
        """After closing, which may be done twice, nothing is published any more."""
        connected(site.publisher)
        site.publisher.close()
        site.publisher.close()
        assert site.publisher.connection() is None
        assert not site.publisher.publish(site.topic, b"x", record_id=1)

    def test_closing_waits_for_pubacks(self, site: PublisherSite) -> None:
        """What went out just before is acknowledged when `close` returns."""
        connected(site.publisher)
        for n in range(50):
            site.publisher.publish(site.topic, b"%d" % n, record_id=n)
        site.publisher.close()
        assert list(site.publisher.take_acknowledged()) == list(range(50))
