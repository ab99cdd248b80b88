"""One connection to the broker, from its CONNECT to its end, on a paho client of its own.

A paho client that connects again would send its old queue anew, and take PUBACKs meant
for other messages (packet identifiers are reused: MQTT 3.1.1, 2.3.1). So none is used
twice, and what an earlier connection has left cannot reach the present one.

The network loop is ours (paho calls it an external event loop). paho's own thread ends
for good, unheard, when a callback fails, and reads one packet a `select`.
"""

import os
import select
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import paho.mqtt.client as paho
from attrs import define, field
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from surveil_adapters.mqtt.address import BrokerAddress
from surveil_adapters.mqtt.retry import ConnectionEnd
from surveil_adapters.mqtt.waker import Waker
from surveil_core.errors import ConfigurationError, SurveilError

KEEPALIVE_S = 60
CONNECT_TIMEOUT_S = 5.0
CONNACK_TIMEOUT_S = 10.0
GOODBYE_S = 1.0
TURN_S = 1.0
FULL_PAUSE_S = 0.02
PACKETS_PER_TURN = 50
_SUCCESS = MQTTErrorCode.MQTT_ERR_SUCCESS


class Handler(Protocol):
    """What a connection is for. Called on the thread of `serve`."""

    def prepare(self, client: paho.Client) -> None:
        """Set callbacks of one's own on the new client."""

    def accept(self, connection: "Connection") -> None:
        """Begin: the broker has accepted the connection."""

    def has_room(self) -> bool:
        """Whether more may be read from the broker now."""


@define(kw_only=True, eq=False)
class Connection:
    """One connection. `serve` runs on one thread; the rest may be called from any.

    Whoever queues packets on `client` calls `wake` afterwards: the thread of `serve`
    alone writes to the socket. `is_remembered`: the broker knew our session (MQTT 3.1.1,
    3.2.2.2).
    """

    address: BrokerAddress
    client_id: str
    clean_session: bool
    manual_ack: bool
    handler: Handler
    on_accepted: Callable[[], None]
    keepalive_s: int = KEEPALIVE_S
    client: paho.Client = field(init=False)
    is_live: bool = field(default=False, init=False)
    is_remembered: bool = field(default=False, init=False)
    _waker: Waker = field(factory=Waker, init=False)
    _line: socket.socket | None = field(default=None, init=False)
    _is_ending: threading.Event = field(factory=threading.Event, init=False)
    _accepted_at_s: float | None = field(default=None, init=False)
    _overdue_at_s: float = field(default=float("inf"), init=False)
    _misc_due_at_s: float = field(default=0.0, init=False)
    _reason: str = field(default="", init=False)
    _is_our_failure: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            clean_session=self.clean_session,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=self.manual_ack,
        )

    def serve(self) -> ConnectionEnd | None:
        """Connect and stay until the connection is no more. None when `end` was called."""
        try:
            self._configure()
            self._connect()
            self._loop()
        except SurveilError as error:
            self._note_failure(str(error))
        except Exception as error:  # noqa: BLE001 - becomes the reason, which is announced
            self._note_failure(f"{type(error).__name__}: {error}")
        finally:
            self.is_live = False
            lasted_s = self._lasted_s()
            self._untie()
        if self._is_ending.is_set():
            return None
        return ConnectionEnd(
            reason=self._reason, lasted_s=lasted_s, is_our_failure=self._is_our_failure
        )

    def wake(self) -> None:
        """Have queued packets written now."""
        self._waker.wake()

    def end(self) -> None:
        """Disconnect in good order: what was queued before still goes out."""
        self._overdue_at_s = time.monotonic() + GOODBYE_S
        self._is_ending.set()
        self.client.disconnect()
        self.wake()

    def _configure(self) -> None:
        client = self.client
        client.connect_timeout = CONNECT_TIMEOUT_S
        if self.address.username is not None:
            client.username_pw_set(self.address.username, self.address.password)
        if self.address.ca_file is not None:
            _use_tls(client, self.address.ca_file)
        client.on_connect = self._handle_connect
        client.on_disconnect = self._handle_disconnect
        client.on_socket_open = self._handle_socket
        # once this is set, paho never writes on the thread that queues a packet
        client.on_socket_register_write = _leave_it_to_the_loop
        self.handler.prepare(client)

    def _connect(self) -> None:
        try:
            self.client.connect(self.address.host, self.address.port, self.keepalive_s)
        except (OSError, UnicodeError) as error:
            self._reason = str(error)

    def _loop(self) -> None:
        connack_due_at_s = time.monotonic() + CONNACK_TIMEOUT_S
        result = _SUCCESS
        if self._is_ending.is_set():
            return  # a broker that hears nothing of us keeps our session as it is
        while result is _SUCCESS and (sock := self.client.socket()) is not None:
            now_s = time.monotonic()
            if now_s > self._overdue_at_s:
                return
            if self._accepted_at_s is None and now_s > connack_due_at_s:
                self._reason = f"no answer to the CONNECT within {CONNACK_TIMEOUT_S:g} s"
                return
            result = self._turn(sock, now_s)
        self._reason = self._reason or paho.error_string(result)

    def _turn(self, sock: Any, now_s: float) -> MQTTErrorCode:
        client = self.client
        may_read = self._may_read()
        is_pending = may_read and _has_decrypted(sock)
        wait_s = 0.0 if is_pending else TURN_S if may_read else FULL_PAUSE_S
        to_read = [self._waker, sock] if may_read else [self._waker]
        readable, writable, _ = select.select(
            to_read, [sock] if client.want_write() else [], [], wait_s
        )
        result = _SUCCESS
        if self._waker in readable:
            self._waker.sleep()
        if is_pending or sock in readable:
            result = self._read(sock)
        if result is _SUCCESS and (writable or client.want_write()):
            result = client.loop_write()
        if result is _SUCCESS and now_s >= self._misc_due_at_s:
            self._misc_due_at_s = now_s + TURN_S
            result = client.loop_misc()
        return result

    def _may_read(self) -> bool:
        """Read whatever the room, where the broker's answer decides on the connection.

        What comes before a PINGRESP is bounded by the broker's window, and what fills the
        room before a CONNACK is of an earlier connection.
        """
        awaits_answer = self._accepted_at_s is None or self.client._ping_t != 0
        return awaits_answer or self.handler.has_room()

    def _read(self, sock: Any) -> MQTTErrorCode:
        for _ in range(PACKETS_PER_TURN):
            result = self.client.loop_read()
            if result is not _SUCCESS or self.client.socket() is None:
                return result
            if not (_has_decrypted(sock) or select.select([sock], [], [], 0)[0]):
                break
        return result

    def _handle_socket(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        """Have small packets sent at once, and keep the line when paho closes its socket."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._line = socket.socket(fileno=os.dup(sock.fileno()))

    def _handle_connect(
        self,
        _client: paho.Client,
        _userdata: Any,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _props: Any,
    ) -> None:
        if reason.is_failure:
            self._reason = f"refused by the broker: {reason}"
            return
        self.is_remembered = flags.session_present
        self._accepted_at_s = time.monotonic()
        self.is_live = True
        self.on_accepted()
        self.handler.accept(self)

    def _handle_disconnect(
        self, _client: paho.Client, _userdata: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        if not self._reason and str(reason) != "Unspecified error":
            self._reason = str(reason)

    def _note_failure(self, reason: str) -> None:
        self._reason, self._is_our_failure = reason, True

    def _lasted_s(self) -> float | None:
        return None if self._accepted_at_s is None else time.monotonic() - self._accepted_at_s

    def _untie(self) -> None:
        """Close the sockets, and drop the callbacks, which refer back to us."""
        if self._line is not None:
            with self._line:
                if self._is_ending.is_set() and self._accepted_at_s is not None:
                    self._hear_out(self._line)
        client = self.client
        if (open_socket := client.socket()) is not None:
            open_socket.close()
        client.on_connect = client.on_disconnect = client.on_message = None
        client.on_subscribe = client.on_publish = None
        self._waker.close()

    def _hear_out(self, line: socket.socket) -> None:
        """After a DISCONNECT of ours, wait until the broker has closed too.

        It has read all we sent then. What we have sent before is lost on the way when the
        socket is closed with something unread, or when our next connection overtakes it.
        """
        while (left_s := self._overdue_at_s - time.monotonic()) > 0:
            line.settimeout(left_s)
            try:
                if not line.recv(65536):
                    return
            except OSError:
                return  # it has closed, or is silent: what it has not read comes again


def _has_decrypted(sock: Any) -> bool:
    """Whether TLS holds bytes that `select` does not see."""
    pending: Callable[[], int] | None = getattr(sock, "pending", None)
    return pending is not None and pending() > 0


def _use_tls(client: paho.Client, ca_file: Path) -> None:
    try:
        client.tls_set(ca_certs=str(ca_file))
    except OSError as error:
        raise ConfigurationError(
            f"the CA file {ca_file} cannot be used ({error}); expected certificates in PEM form"
        ) from error


def _leave_it_to_the_loop(_client: paho.Client, _userdata: Any, _sock: Any) -> None:
    pass
