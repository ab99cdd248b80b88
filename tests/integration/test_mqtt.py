"""Publisher and inbox on a real broker."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from surveil_adapters.mqtt import BrokerAddress, PahoInbox, PahoPublisher
from surveil_adapters.mqtt.inbox import MAX_WAITING_MESSAGES
from surveil_core.notices import (
    BrokerConnected,
    BrokerConnecting,
    BrokerConnectionFailed,
    BrokerConnectionLost,
    MessagesOverflowing,
    Notice,
    TopicsSubscribed,
)
from surveil_core.ports.broker import Delivery
from tests.fakes.announcer import RecordingAnnouncer
from tests.rig.brokers import Address, NativeBroker, free_port
from tests.waiting import wait_for


def take(inbox: PahoInbox, *, within_s: float = 10.0) -> Delivery:
    """Wait for one delivery."""
    delivery = wait_for("a message arrives", lambda: inbox.receive(0.1), within_s=within_s)
    assert delivery is not None
    return delivery


class Desk:
    """Makes publishers and inboxes on one broker and one topic, closed at the end."""

    def __init__(self, address: Address, stack: ExitStack) -> None:
        self.address = BrokerAddress(host=address.host, port=address.port)
        self.announcer = RecordingAnnouncer()
        self.topic = f"sensor/{secrets.token_hex(4)}"
        self.client_id = f"inbox-{secrets.token_hex(4)}"
        self._stack = stack

    def publisher(self) -> PahoPublisher:
        publisher = PahoPublisher(
            address=self.address,
            client_id=f"publisher-{secrets.token_hex(4)}",
            service="sensor-motion",
            announcer=self.announcer,
        )
        publisher.open()
        return self._stack.enter_context(closing(publisher))

    def inbox(self) -> PahoInbox:
        before = self.count(TopicsSubscribed)
        inbox = PahoInbox(
            address=self.address,
            client_id=self.client_id,
            topics=[self.topic],
            service="bridge",
            announcer=self.announcer,
        )
        inbox.open()
        wait_for("the subscription is granted", lambda: self.count(TopicsSubscribed) > before)
        return self._stack.enter_context(closing(inbox))

    def count(self, kind: type[Notice]) -> int:
        return len(self.announcer.of(kind))


@pytest.fixture
def desk(broker: Address) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(broker, stack)


def test_messages_arrive_in_order(desk: Desk) -> None:
    """What one publisher sends reaches an inbox whole and in order."""
    inbox, publisher = desk.inbox(), desk.publisher()
    for n in range(200):
        publisher.publish(desk.topic, b"%d" % n)
    seen = []
    for _ in range(200):
        delivery = take(inbox)
        seen.append(int(delivery.payload))
        inbox.acknowledge(delivery)
    assert seen == list(range(200))
    assert delivery.topic == desk.topic


def test_what_is_not_acknowledged_comes_again(desk: Desk) -> None:
    """A consumer that dies before its acknowledgement gets the message again, and only that."""
    inbox, publisher = desk.inbox(), desk.publisher()
    publisher.publish(desk.topic, b"stored")
    publisher.publish(desk.topic, b"not stored")
    inbox.acknowledge(take(inbox))
    take(inbox)
    inbox.close()
    assert take(desk.inbox()).payload == b"not stored"


def test_what_comes_while_nobody_listens_is_kept(desk: Desk) -> None:
    """The session outlives the connection: the broker holds messages meanwhile."""
    desk.inbox().close()
    publisher = desk.publisher()
    publisher.publish(desk.topic, b"meanwhile")
    publisher.close()
    assert take(desk.inbox()).payload == b"meanwhile"


def test_messages_published_before_the_broker_is_there_are_sent(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A publisher keeps what it is given while the broker is away, and says what it tries."""
    native = NativeBroker(tmp_path_factory.mktemp("late"))
    with ExitStack() as stack:
        desk = Desk(native.address, stack)
        native.start()
        stack.callback(native.stop)
        desk.inbox().close()
        native.stop()
        publisher = desk.publisher()
        assert publisher.publish(desk.topic, b"early") is False
        failed = wait_for(
            "a failed attempt is announced",
            lambda: desk.announcer.of(BrokerConnectionFailed),
        )
        assert "refused" in failed[0].reason
        assert desk.announcer.of(BrokerConnecting)[-1].attempt >= 1
        native.start()
        assert take(desk.inbox(), within_s=30).payload == b"early"


def test_a_restarted_broker_is_found_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    """After a broker's kill and restart the session goes on, and each step is announced."""
    native = NativeBroker(tmp_path_factory.mktemp("restart"))
    native.start()
    with ExitStack() as stack:
        stack.callback(native.stop)
        desk = Desk(native.address, stack)
        inbox, publisher = desk.inbox(), desk.publisher()
        wait_for("both are connected", lambda: desk.count(BrokerConnected) == 2)
        native.kill()
        wait_for("both losses are announced", lambda: desk.count(BrokerConnectionLost) == 2)
        publisher.publish(desk.topic, b"during")
        native.start()
        wait_for("both are connected again", lambda: desk.count(BrokerConnected) == 4, within_s=30)
        publisher.publish(desk.topic, b"after")
        seen = set()
        while b"after" not in seen:
            delivery = take(inbox)
            seen.add(delivery.payload)
            inbox.acknowledge(delivery)
        assert seen == {b"during", b"after"}


def test_a_stale_acknowledgement_is_not_sent(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A message taken on a lost connection is delivered again; its old token does nothing."""
    native = NativeBroker(tmp_path_factory.mktemp("stale"))
    native.start()
    with ExitStack() as stack:
        stack.callback(native.stop)
        desk = Desk(native.address, stack)
        inbox, publisher = desk.inbox(), desk.publisher()
        publisher.publish(desk.topic, b"once")
        stale = take(inbox)
        native.stop()
        native.start()
        again = take(inbox, within_s=30)
        assert again.payload == b"once"
        inbox.acknowledge(stale)
        inbox.close()
        again = take(desk.inbox())
        assert again.payload == b"once"


def test_what_was_left_waiting_on_a_lost_connection_is_dropped(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """After a reconnection the inbox holds what the broker sends anew, and nothing else."""
    native = NativeBroker(tmp_path_factory.mktemp("drained"))
    native.start()
    with ExitStack() as stack:
        stack.callback(native.stop)
        desk = Desk(native.address, stack)
        inbox, publisher = desk.inbox(), desk.publisher()
        for n in range(5):
            publisher.publish(desk.topic, b"%d" % n)
        publisher.close()
        native.stop()
        native.start()
        wait_for("subscribed again", lambda: desk.count(TopicsSubscribed) == 2, within_s=30)
        received = [inbox.receive(5.0) for _ in range(5)]
        assert [d and d.payload for d in received] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_flood_at_qos_0_is_bounded_and_told_once(desk: Desk) -> None:
    """Beyond the bound QoS 0 messages are refused; QoS 1 ones still come."""
    inbox = desk.inbox()
    flood = paho.Client(CallbackAPIVersion.VERSION2)
    flood.connect(desk.address.host, desk.address.port)
    flood.loop_start()
    sent = MAX_WAITING_MESSAGES + 500
    for _ in range(sent):
        flood.publish(desk.topic, b"flood", qos=0)
    flood.publish(desk.topic, b"kept", qos=1).wait_for_publish(10)
    flood.disconnect()
    flood.loop_stop()
    wait_for("the overflow is told", lambda: desk.count(MessagesOverflowing) == 1)
    payloads = []
    while b"kept" not in payloads:
        payloads.append(take(inbox).payload)
    assert MAX_WAITING_MESSAGES <= payloads.count(b"flood") < sent
    (told,) = desk.announcer.of(MessagesOverflowing)
    assert (told.topic, told.waiting_messages) == (desk.topic, MAX_WAITING_MESSAGES)
    assert told.refused_messages == 1


def test_a_publication_on_a_live_connection_is_said_as_such(desk: Desk) -> None:
    """True once the broker has accepted us."""
    publisher = desk.publisher()
    wait_for("connected", lambda: desk.count(BrokerConnected) == 1)
    assert publisher.publish(desk.topic, b"now") is True


def test_closing_twice_is_safe(desk: Desk) -> None:
    """Both adapters may be closed again, and before they were opened."""
    for adapter in (desk.inbox(), desk.publisher()):
        adapter.close()
        adapter.close()


@pytest.mark.parametrize("attempts", [pytest.param(3, id="three attempts")])
def test_a_missing_broker_is_tried_for_ever(attempts: int) -> None:
    """Attempts are counted from 1 and go on."""
    with ExitStack() as stack:
        desk = Desk(Address("127.0.0.1", free_port()), stack)
        desk.publisher()
        wait_for(
            "attempts are announced",
            lambda: desk.count(BrokerConnecting) >= attempts,
            within_s=20,
        )
