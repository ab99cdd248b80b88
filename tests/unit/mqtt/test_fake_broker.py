"""The fakes of both directions keep the contracts that paho keeps on a real broker."""

from collections.abc import Sequence

import pytest
from attrs import define, field

from tests.contracts.inbox import InboxContract
from tests.contracts.publisher import PublisherContract
from tests.fakes.broker import FakeInbox, FakePublisher
from tests.fakes.wakeup import FakeWakeup


@define
class FakePublisherSite:
    """A fake publisher."""

    topic: str = "sensor/motion"
    wakeup: FakeWakeup = field(factory=FakeWakeup)
    publisher: FakePublisher = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.publisher = FakePublisher(wakeup=self.wakeup)
        self.publisher.open()

    def received(self) -> Sequence[bytes]:
        return [payload for _, payload in self.publisher.published]

    def cut(self) -> None:
        self.publisher.lose()
        self.publisher.remembers = True
        self.publisher.connect()

    def rings(self) -> int:
        return self.wakeup.rings


@define
class FakeInboxSite:
    """A fake inbox."""

    topic: str = "sensor/motion"
    wakeup: FakeWakeup = field(factory=FakeWakeup)
    inbox: FakeInbox = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.inbox = FakeInbox(wakeup=self.wakeup)
        self.inbox.open()

    def put(self, *payloads: bytes) -> None:
        for payload in payloads:
            self.inbox.put(self.topic, payload)

    def reconnect(self) -> None:
        self.inbox.close()
        self.inbox.open()

    def rings(self) -> int:
        return self.wakeup.rings


class TestFakePublisher(PublisherContract):
    @pytest.fixture
    def site(self) -> FakePublisherSite:
        return FakePublisherSite()

    def test_messages_wait_for_their_pubacks(self) -> None:
        """A test may hold PUBACKs back; those of a lost connection never come."""
        publisher = FakePublisher(holds_pubacks=True)
        assert publisher.connection() == 1
        for record_id in (1, 2, 3):
            publisher.publish("t", b"x", record_id=record_id)
        assert list(publisher.take_acknowledged()) == []
        publisher.acknowledge(2)
        assert list(publisher.take_acknowledged()) == [1, 2]
        publisher.lose()
        publisher.connect()
        assert publisher.connection() == 2
        assert list(publisher.take_acknowledged()) == []


class TestFakeInbox(InboxContract):
    @pytest.fixture
    def site(self) -> FakeInboxSite:
        return FakeInboxSite()
