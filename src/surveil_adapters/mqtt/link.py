"""One connection to the broker, made again for ever, each change of it announced.

paho's own thread connects and waits between attempts (1 s, doubling to 30 s). The
first ten attempts of an outage are announced one by one (spec: "tentative 1/10"),
then every tenth, so that a week's outage does not fill a log.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from attrs import field, frozen, validators
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from surveil_core.notices import (
    BrokerConnected,
    BrokerConnecting,
    BrokerConnectionFailed,
    BrokerConnectionLost,
)
from surveil_core.ports.announcer import Announcer

LOGGED_ATTEMPTS = 10
KEEPALIVE_S = 60
CONNECT_TIMEOUT_S = 5.0
MAX_RETRY_S = 30


@frozen(kw_only=True)
class BrokerAddress:
    """Where the broker is and how to be let in. `ca_file` switches TLS on."""

    host: str = "127.0.0.1"
    port: int = field(default=1883, validator=[validators.ge(1), validators.le(65535)])
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


def is_worth_announcing(attempt: int) -> bool:
    """Say whether attempt number `attempt` (from 1) of an outage goes to the log."""
    return attempt <= LOGGED_ATTEMPTS or attempt % LOGGED_ATTEMPTS == 0


class BrokerLink:
    """A paho client that stays connected.

    `on_connected` is called on paho's thread after each accepted connection.
    """

    def __init__(
        self,
        *,
        address: BrokerAddress,
        client_id: str,
        service: str,
        announcer: Announcer,
        clean_session: bool,
        on_connected: Callable[[paho.Client], None] | None = None,
        manual_ack: bool = False,
    ) -> None:
        self._address = address
        self._service = service
        self._announcer = announcer
        self._on_connected = on_connected
        self._attempt = 0
        self._is_open = False
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean_session,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=manual_ack,
        )
        self._configure()

    def open(self) -> None:
        """Start connecting in the background."""
        if not self._is_open:
            self._is_open = True
            self.client.connect_async(self._address.host, self._address.port, KEEPALIVE_S)
            self.client.loop_start()

    def close(self) -> None:
        """Disconnect and end paho's thread."""
        if self._is_open:
            self._is_open = False
            self.client.disconnect()
            self.client.loop_stop()
        self._untie()

    def _untie(self) -> None:
        """Drop the callbacks: paho closes its inner sockets only when nothing refers to it."""
        client = self.client
        client.on_pre_connect = client.on_connect = client.on_connect_fail = None
        client.on_disconnect = client.on_message = client.on_subscribe = client.on_publish = None

    def _configure(self) -> None:
        client = self.client
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.reconnect_delay_set(min_delay=1, max_delay=MAX_RETRY_S)
        if self._address.username is not None:
            client.username_pw_set(self._address.username, self._address.password)
        if self._address.ca_file is not None:
            client.tls_set(ca_certs=str(self._address.ca_file))
        client.on_pre_connect = self._announce_attempt
        client.on_connect = self._handle_connect
        client.on_connect_fail = self._handle_connect_fail
        client.on_disconnect = self._handle_disconnect

    def _announce_attempt(self, _client: paho.Client, _userdata: Any) -> None:
        self._attempt += 1
        if is_worth_announcing(self._attempt):
            self._announcer.announce(
                BrokerConnecting(
                    service=self._service,
                    host=self._address.host,
                    port=self._address.port,
                    attempt=self._attempt,
                    logged_attempts=LOGGED_ATTEMPTS,
                )
            )

    def _handle_connect(
        self, client: paho.Client, _userdata: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        if reason.is_failure:
            self._announce_failure(f"refused by the broker: {reason}")
            return
        self._attempt = 0
        self._announcer.announce(
            BrokerConnected(service=self._service, host=self._address.host, port=self._address.port)
        )
        if self._on_connected is not None:
            self._on_connected(client)

    def _handle_connect_fail(self, _client: paho.Client, _userdata: Any) -> None:
        # paho calls this while it handles the OSError, and does not pass it on
        error = sys.exc_info()[1]
        self._announce_failure(str(error) if error else "no answer")

    def _announce_failure(self, reason: str) -> None:
        if is_worth_announcing(self._attempt):
            self._announcer.announce(
                BrokerConnectionFailed(
                    service=self._service,
                    host=self._address.host,
                    port=self._address.port,
                    attempt=self._attempt,
                    reason=reason,
                )
            )

    def _handle_disconnect(
        self, _client: paho.Client, _userdata: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        if reason.is_failure and self._attempt == 0:
            self._announcer.announce(
                BrokerConnectionLost(
                    service=self._service,
                    host=self._address.host,
                    port=self._address.port,
                    reason=str(reason),
                )
            )
