"""Publisher and inbox on a real broker."""

import os
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from attrs import define, evolve
from paho.mqtt.enums import CallbackAPIVersion

from surveil_adapters.mqtt import BrokerAddress, PahoInbox, PahoPublisher
from surveil_adapters.mqtt.connection import Connection
from surveil_adapters.mqtt.retry import ConnectionEnd
from surveil_adapters.mqtt.waiting_room import MAX_QOS_0_WAITING, MAX_WAITING_BYTES
from surveil_core.notices import (
    BrokerConnected,
    BrokerConnecting,
    BrokerConnectionFailed,
    BrokerConnectionLost,
    ClientIdContested,
    MessagesOverflowing,
    Notice,
    TopicsSubscribed,
)
from tests.contracts.inbox import InboxContract, payloads_of, take
from tests.contracts.publisher import PublisherContract, acknowledged, connected
from tests.fakes.announcer import RecordingAnnouncer
from tests.fakes.wakeup import FakeWakeup
from tests.rig.brokers import Address, NativeBroker, free_port
from tests.waiting import wait_for


class Desk:
    """Makes publishers and inboxes on one broker and one topic, closed at the end."""

    def __init__(self, address: Address, stack: ExitStack) -> None:
        self.address = BrokerAddress(host=address.host, port=address.port)
        self.announcer = RecordingAnnouncer()
        self.topic = f"sensor/{secrets.token_hex(4)}"
        self.client_id = f"inbox-{secrets.token_hex(4)}"
        self.publisher_id = f"publisher-{secrets.token_hex(4)}"
        self.wakeup = FakeWakeup()
        self.stack = stack

    def publisher(self) -> PahoPublisher:
        publisher = PahoPublisher(
            address=self.address,
            client_id=self.publisher_id,
            service="sensor-motion",
            announcer=self.announcer,
            wakeup=self.wakeup,
        )
        publisher.open()
        return self.stack.enter_context(closing(publisher))

    def inbox(self, *, topics: Sequence[str] = (), wakeup: FakeWakeup | None = None) -> PahoInbox:
        before = self.count(TopicsSubscribed)
        inbox = PahoInbox(
            address=self.address,
            client_id=self.client_id,
            topics=topics or [self.topic],
            service="bridge",
            announcer=self.announcer,
            wakeup=wakeup,
        )
        inbox.open()
        wait_for("the subscription is granted", lambda: self.count(TopicsSubscribed) > before)
        return self.stack.enter_context(closing(inbox))

    def plain_client(self, **options: object) -> paho.Client:
        """Connect a client that is none of ours."""
        client = paho.Client(CallbackAPIVersion.VERSION2, **options)  # type: ignore[arg-type]
        client.connect(self.address.host, self.address.port)
        client.loop_start()
        self.stack.callback(client.loop_stop)
        self.stack.callback(client.disconnect)
        wait_for("the plain client is connected", client.is_connected)
        return client

    def count(self, kind: type[Notice]) -> int:
        return len(self.announcer.of(kind))


def publish(desk: Desk, *payloads: bytes) -> None:
    """Publish and wait for the PUBACKs."""
    publisher = desk.publisher()
    connected(publisher)
    for n, payload in enumerate(payloads):
        assert publisher.publish(desk.topic, payload, record_id=n)
    acknowledged(publisher, len(payloads))
    publisher.close()


@pytest.fixture
def desk(broker: Address) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(broker, stack)


@define
class Restartable:
    """A broker of the test's own, and a desk on it."""

    broker: NativeBroker
    desk: Desk


@pytest.fixture
def restartable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restartable]:
    native = NativeBroker(tmp_path_factory.mktemp("restart"))
    native.start()
    with ExitStack() as stack:
        stack.callback(native.stop)
        yield Restartable(native, Desk(native.address, stack))


# --- the contracts ------------------------------------------------------------------


class RealPublisherSite:
    """A publisher on a real broker, and a plain subscriber."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._payloads: list[bytes] = []
        self.topic = desk.topic
        listener = desk.plain_client()
        granted = threading.Event()
        listener.on_subscribe = lambda *_: granted.set()
        listener.on_message = lambda _c, _u, message: self._payloads.append(bytes(message.payload))
        listener.subscribe(desk.topic, qos=1)
        assert granted.wait(10)
        self.publisher = desk.publisher()

    def received(self) -> Sequence[bytes]:
        return list(self._payloads)

    def cut(self) -> None:
        usurper = self._desk.plain_client(client_id=self._desk.publisher_id, clean_session=False)
        usurper.disconnect()
        usurper.loop_stop()

    def rings(self) -> int:
        return self._desk.wakeup.rings


class RealInboxSite:
    """An inbox on a real broker, which a publisher of the test feeds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wakeup = FakeWakeup()
        self.topic = desk.topic
        self.inbox = desk.inbox(wakeup=self._wakeup)

    def put(self, *payloads: bytes) -> None:
        publish(self._desk, *payloads)

    def reconnect(self) -> None:
        before = self._desk.count(TopicsSubscribed)
        self.inbox.close()
        self.inbox.open()
        wait_for("subscribed again", lambda: self._desk.count(TopicsSubscribed) > before)

    def rings(self) -> int:
        return self._wakeup.rings


class TestPahoPublisher(PublisherContract):
    @pytest.fixture
    def site(self, desk: Desk) -> RealPublisherSite:
        return RealPublisherSite(desk)


class TestPahoInbox(InboxContract):
    @pytest.fixture
    def site(self, desk: Desk) -> RealInboxSite:
        return RealInboxSite(desk)


# --- the broker goes and comes ------------------------------------------------------


def test_what_comes_while_nobody_listens_is_kept(desk: Desk) -> None:
    """The session outlives the connection: the broker holds messages meanwhile."""
    desk.inbox().close()
    publish(desk, b"meanwhile")
    assert take(desk.inbox(), 1)[0].payload == b"meanwhile"


@pytest.mark.parametrize("attempts", [pytest.param(3, id="three attempts")])
def test_missing_broker_is_tried_for_ever(attempts: int) -> None:
    """Attempts are counted from 1, each with its reason, and go on."""
    with ExitStack() as stack:
        desk = Desk(Address("127.0.0.1", free_port()), stack)
        publisher = desk.publisher()
        wait_for(
            "attempts are announced",
            lambda: desk.count(BrokerConnecting) >= attempts,
            within_s=20,
        )
        assert [n.attempt for n in desk.announcer.of(BrokerConnecting)] == [1, 2, 3]
        assert "refused" in desk.announcer.of(BrokerConnectionFailed)[0].reason
        assert publisher.connection() is None
        assert publisher.publish(desk.topic, b"x", record_id=1) is False


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_restarted_broker_is_found_again(restartable: Restartable, end: str) -> None:
    """After a broker's end and restart the session goes on, and each step is announced."""
    broker, desk = restartable.broker, restartable.desk
    inbox, publisher = desk.inbox(), desk.publisher()
    first = connected(publisher)
    publisher.publish(desk.topic, b"before", record_id=1)
    inbox.acknowledge(take(inbox, 1))
    getattr(broker, end)()
    wait_for("both losses are announced", lambda: desk.count(BrokerConnectionLost) == 2)
    assert publisher.publish(desk.topic, b"during", record_id=2) is False
    assert publisher.connection() is None
    broker.start()
    wait_for("both are connected again", lambda: desk.count(BrokerConnected) == 4, within_s=30)
    wait_for("subscribed again", lambda: desk.count(TopicsSubscribed) == 2)
    assert connected(publisher) > first
    publisher.publish(desk.topic, b"after", record_id=3)
    assert acknowledged(publisher, 1) == [3]
    assert take(inbox, 1)[0].payload == b"after"


@pytest.mark.parametrize("keeps", [True, False], ids=["state kept", "state lost"])
def test_restarted_broker_says_whether_it_lost_its_state(
    restartable: Restartable, keeps: bool
) -> None:
    """A broker that forgot its sessions does not remember the publisher."""
    broker, desk = restartable.broker, restartable.desk
    publisher = desk.publisher()
    first = connected(publisher)
    broker.stop()
    if not keeps:
        (broker.folder / "mosquitto.db").unlink()
    broker.start()
    wait_for("connected again", lambda: (publisher.connection() or 0) > first, within_s=30)
    assert publisher.is_remembered() is keeps


def test_unacknowledged_messages_survive_the_broker(restartable: Restartable) -> None:
    """What was in hand when the broker ended comes again, in order; old tokens are void."""
    broker, desk = restartable.broker, restartable.desk
    inbox = desk.inbox()
    publish(desk, b"0", b"1", b"2", b"3", b"4")
    stale = take(inbox, 3)
    broker.stop()
    broker.start()
    wait_for("subscribed again", lambda: desk.count(TopicsSubscribed) == 2, within_s=30)
    inbox.acknowledge(stale)
    again = take(inbox, 5)
    assert payloads_of(again) == [b"0", b"1", b"2", b"3", b"4"]
    inbox.acknowledge(again)
    inbox.close()
    assert list(desk.inbox().receive(0.3, limit=5)) == []


def test_more_than_the_broker_sends_at_once_comes_in_order(desk: Desk) -> None:
    """A backlog far beyond the broker's window of 20 flows as PUBACKs go out in batches."""
    desk.inbox().close()
    payloads = [b"%d" % n for n in range(500)]
    publish(desk, *payloads)
    inbox = desk.inbox()
    seen: list[bytes] = []
    while len(seen) < len(payloads):
        batch = take(inbox, 1) + list(inbox.receive(0, limit=200))
        seen += payloads_of(batch)
        inbox.acknowledge(batch[::-1])
    assert seen == payloads


def test_great_messages_come_whole_and_in_order(desk: Desk) -> None:
    """Reading pauses while 16 MiB wait, goes on when there is room, and loses nothing."""
    wakeup = FakeWakeup()
    inbox = desk.inbox(wakeup=wakeup)
    sender = desk.plain_client()
    payloads = [b"%d" % n + bytes(MAX_WAITING_BYTES // 8) for n in range(20)]
    for payload in payloads:
        sender.publish(desk.topic, payload, qos=1)
    wait_for("the room is full", lambda: wakeup.rings >= 8)
    seen: list[bytes] = []
    while len(seen) < len(payloads):
        batch = take(inbox, 1)
        seen += payloads_of(batch)
        inbox.acknowledge(batch)
    assert seen == payloads


# --- sessions and neighbours --------------------------------------------------------


def test_subscription_of_old_is_given_up(desk: Desk) -> None:
    """Its messages are handed over and acknowledged like others; then no more come."""
    old_topic = f"old/{secrets.token_hex(4)}"
    desk.inbox(topics=[desk.topic, old_topic]).close()
    sender = desk.plain_client()
    for n in range(50):  # more than the broker's window
        sender.publish(old_topic, b"%d" % n, qos=1).wait_for_publish(10)
    inbox = desk.inbox()
    seen: list[bytes] = []
    while len(seen) < 50:
        (delivery,) = take(inbox, 1)
        assert delivery.topic == old_topic
        seen.append(delivery.payload)
        inbox.acknowledge([delivery])
    assert seen == [b"%d" % n for n in range(50)]
    sender.publish(old_topic, b"unheard", qos=1).wait_for_publish(10)
    sender.publish(desk.topic, b"heard", qos=1).wait_for_publish(10)
    assert payloads_of(take(inbox, 1)) == [b"heard"]


def test_two_programs_with_one_client_id_do_not_fight_in_a_tight_loop(desk: Desk) -> None:
    """Their pauses grow, and both say what may be the matter."""
    desk.inbox()
    rival = Desk(Address(desk.address.host, desk.address.port), desk.stack)
    rival.client_id = desk.client_id
    rival.inbox()
    contests = wait_for(
        "the contest is told",
        lambda: [*desk.announcer.of(ClientIdContested), *rival.announcer.of(ClientIdContested)],
        within_s=30,
    )
    assert contests[0].client_id == desk.client_id
    # by its third loss a program has paused for 1 s and 2 s, or half of each
    assert desk.count(BrokerConnected) + rival.count(BrokerConnected) <= 8


def test_flood_at_qos_0_is_bounded_and_told_once(desk: Desk) -> None:
    """Beyond the bound QoS 0 messages are refused; QoS 1 ones still come."""
    inbox = desk.inbox()
    flood = desk.plain_client()
    sent = MAX_QOS_0_WAITING + 500
    for _ in range(sent):
        flood.publish(desk.topic, b"flood", qos=0)
    flood.publish(desk.topic, b"kept", qos=1).wait_for_publish(10)
    wait_for("the overflow is told", lambda: desk.count(MessagesOverflowing) == 1)
    payloads: list[bytes] = []
    while b"kept" not in payloads:
        payloads += payloads_of(take(inbox, 1))
    assert MAX_QOS_0_WAITING <= payloads.count(b"flood") < sent
    (told,) = desk.announcer.of(MessagesOverflowing)
    assert (told.topic, told.waiting_messages) == (desk.topic, MAX_QOS_0_WAITING)
    assert told.refused_messages == 1


# --- what may go wrong --------------------------------------------------------------


def test_failure_on_the_link_s_thread_is_told_and_mended(desk: Desk) -> None:
    """An error in a callback ends that connection, not the connecting."""

    class Stumbling(RecordingAnnouncer):
        def announce(self, *notices: Notice) -> None:
            super().announce(*notices)
            if isinstance(notices[-1], TopicsSubscribed) and len(self.of(TopicsSubscribed)) == 1:
                raise RuntimeError("stumbled")

    desk.announcer = Stumbling()
    inbox = desk.inbox()
    wait_for("subscribed again", lambda: desk.count(TopicsSubscribed) == 2)
    (lost,) = desk.announcer.of(BrokerConnectionLost)
    assert lost.reason == "RuntimeError: stumbled"
    publish(desk, b"still here")
    assert payloads_of(take(inbox, 1)) == [b"still here"]


CONNACK, NOT_AUTHORIZED, SUBACK_FAILURE = (
    bytes.fromhex("20020000"),
    bytes.fromhex("20020005"),
    bytes.fromhex("9003000180"),
)


@pytest.mark.parametrize(
    ("answers", "kind", "reason"),
    [
        ([NOT_AUTHORIZED], BrokerConnectionFailed, "refused by the broker: Not authorized"),
        ([CONNACK, SUBACK_FAILURE], BrokerConnectionLost, "refuses the subscription to sensor/"),
        ([CONNACK, b"\xf0\x00"], BrokerConnectionLost, "protocol error"),
    ],
    ids=["CONNACK", "SUBACK", "nonsense"],
)
def test_refusal_is_told_and_tried_again(
    answers: list[bytes], kind: type[BrokerConnectionFailed | BrokerConnectionLost], reason: str
) -> None:
    """What a broker does not grant today it may grant tomorrow."""
    with socket.socket() as server, ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(10)
        desk = Desk(Address(*server.getsockname()), stack)
        inbox = PahoInbox(
            address=desk.address,
            client_id=desk.client_id,
            topics=[desk.topic],
            service="bridge",
            announcer=desk.announcer,
        )
        inbox.open()
        stack.enter_context(closing(inbox))
        for _ in range(2):
            line, _address = server.accept()
            with line:
                for answer in answers:
                    line.recv(1000)
                    line.sendall(answer)
                line.settimeout(10)
                assert line.recv(1000) == b""
        told = wait_for("it is told", lambda: desk.announcer.of(kind))
        assert reason.lower() in told[0].reason.lower()
        assert desk.announcer.of(ClientIdContested) == []


def test_full_room_does_not_keep_a_new_connection_out() -> None:
    """What an earlier connection brought gives way when the broker accepts the next."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:
        server.settimeout(10)
        desk = Desk(Address(*server.getsockname()), stack)
        wakeup = FakeWakeup()
        inbox = PahoInbox(
            address=desk.address,
            client_id=desk.client_id,
            topics=[desk.topic],
            service="bridge",
            announcer=desk.announcer,
            wakeup=wakeup,
        )
        inbox.open()
        stack.enter_context(closing(inbox))
        line = _accepted_line(server)
        for mid in range(1, 10):
            line.sendall(_great_message(desk.topic, mid))
        wait_for("8 messages fill the room", lambda: wakeup.rings >= 8)
        (delivery,) = inbox.receive(0, limit=1)
        wait_for("the ninth fills it again", lambda: wakeup.rings >= 10)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()  # with a reset, which the PUBACK meets
        inbox.acknowledge([delivery])
        with _accepted_line(server) as second:
            wait_for("it is connected again", lambda: desk.count(BrokerConnected) == 2)
            second.sendall(_great_message(desk.topic, 1))
            assert len(take(inbox, 1)) == 1


def _accepted_line(server: socket.socket) -> socket.socket:
    line, _address = server.accept()
    line.recv(1000)
    line.sendall(CONNACK)
    line.recv(1000)
    return line


def _great_message(topic: str, mid: int) -> bytes:
    head = len(topic).to_bytes(2, "big") + topic.encode() + mid.to_bytes(2, "big")
    left = len(head) + MAX_WAITING_BYTES // 8
    length = bytes([left & 127 | 128, left >> 7 & 127 | 128, left >> 14 & 127 | 128, left >> 21])
    return b"\x32" + length + head + bytes(MAX_WAITING_BYTES // 8)


def test_full_room_does_not_end_a_connection(desk: Desk) -> None:
    """The broker's answer to a PINGREQ is read though nothing else is."""

    @define
    class Full:
        def prepare(self, client: paho.Client) -> None: ...

        def accept(self, connection: Connection) -> None: ...

        def has_room(self) -> bool:
            return False

    connection = Connection(
        address=desk.address,
        client_id=desk.client_id,
        clean_session=True,
        manual_ack=True,
        handler=Full(),
        on_accepted=lambda: None,
        keepalive_s=1,
    )
    ends: list[ConnectionEnd | None] = []
    thread = threading.Thread(target=lambda: ends.append(connection.serve()))
    thread.start()
    wait_for("it is live", lambda: connection.is_live)
    thread.join(4)
    assert ends == []
    connection.end()
    thread.join(10)
    assert ends == [None]


def test_unusable_ca_file_is_named(tmp_path: Path) -> None:
    """Each attempt fails with the file's name, until it is there."""
    with ExitStack() as stack:
        desk = Desk(Address("127.0.0.1", free_port()), stack)
        desk.address = evolve(desk.address, ca_file=tmp_path / "missing.pem")
        desk.publisher()
        (failed, *_) = wait_for("it is told", lambda: desk.announcer.of(BrokerConnectionFailed))
        assert f"CA file {tmp_path / 'missing.pem'} cannot be used" in failed.reason


def test_closing_twice_and_before_opening_is_safe(desk: Desk) -> None:
    """Both adapters may be closed again, and before they were opened; no thread stays."""
    before = threading.active_count()
    for adapter in (desk.inbox(), desk.publisher()):
        adapter.close()
        adapter.close()
    PahoPublisher(
        address=desk.address, client_id="never", service="s", announcer=desk.announcer
    ).close()
    assert threading.active_count() == before


def _listen_without_answering(server: socket.socket, _stack: ExitStack) -> None:
    server.listen(8)


def _listen_with_a_full_queue(server: socket.socket, stack: ExitStack) -> None:
    server.listen(0)
    for _ in range(4):
        filler = stack.enter_context(socket.socket())
        filler.setblocking(False)
        filler.connect_ex(server.getsockname())


@pytest.mark.parametrize(
    "behave",
    [_listen_without_answering, _listen_with_a_full_queue],
    ids=["no CONNACK", "hanging connect"],
)
def test_closing_does_not_wait_for_a_silent_broker(
    behave: Callable[[socket.socket, ExitStack], None],
) -> None:
    """A broker that does not answer holds up nobody's stop: 10 s are allowed for all."""
    with socket.socket() as server, ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        behave(server, stack)
        desk = Desk(Address(*server.getsockname()), stack)
        publisher = desk.publisher()
        wait_for("an attempt is made", lambda: desk.count(BrokerConnecting))
        began_s = time.monotonic()
        publisher.close()
        assert time.monotonic() - began_s < 4
        wait_for(
            "the thread has ended",
            lambda: not any(desk.publisher_id in t.name for t in threading.enumerate()),
        )


def test_closing_interrupts_a_pause() -> None:
    """Nobody waits for the next attempt."""
    with ExitStack() as stack:
        desk = Desk(Address("127.0.0.1", free_port()), stack)
        publisher = desk.publisher()
        wait_for("a pause of 2 s or more", lambda: desk.count(BrokerConnectionFailed) == 3)
        began_s = time.monotonic()
        publisher.close()
        assert time.monotonic() - began_s < 1


def test_no_descriptor_of_a_connection_stays(restartable: Restartable) -> None:
    """Ten reconnections cost no socket; each connection closes its own."""
    folder = "/proc/self/fd"
    if not Path(folder).is_dir():
        pytest.skip(f"{folder} is not there to count descriptors in")
    inbox = restartable.desk.inbox()
    before = len(os.listdir(folder))
    for _ in range(10):
        inbox.close()
        inbox.open()
    wait_for("subscribed again", lambda: restartable.desk.count(TopicsSubscribed) >= 2)
    inbox.close()
    inbox.open()
    wait_for("as many as before", lambda: len(os.listdir(folder)) <= before)
