"""A connection to the broker that is made again for ever, on a thread of its own."""

import threading

from surveil_adapters.mqtt.address import BrokerAddress
from surveil_adapters.mqtt.connection import Connection, Handler
from surveil_adapters.mqtt.retry import ConnectionEnd, Reconnector
from surveil_core.notices import BrokerConnected
from surveil_core.ports.announcer import Announcer

CLOSE_WAIT_S = 2.0


class BrokerLink:
    """Gives `handler` one connection after the other, each announced."""

    def __init__(
        self,
        *,
        address: BrokerAddress,
        client_id: str,
        service: str,
        announcer: Announcer,
        clean_session: bool,
        manual_ack: bool,
        handler: Handler,
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._service = service
        self._announcer = announcer
        self._clean_session = clean_session
        self._manual_ack = manual_ack
        self._handler = handler
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Start connecting in the background."""
        if self._thread is not None:
            return
        closing = self._closing = threading.Event()
        reconnector = Reconnector(
            address=self._address,
            client_id=self._client_id,
            service=self._service,
            announcer=self._announcer,
            serve=lambda: self._serve(closing),
            wait_s=closing.wait,
        )
        self._thread = threading.Thread(
            target=reconnector.run, name=f"mqtt-{self._client_id}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Disconnect and end the thread, within 2 s. Twice is safe.

        A connect that hangs cannot be cut short: its thread is left to end by itself, and
        says nothing to the broker any more.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._lock:
            self._closing.set()
            if self._connection is not None:
                self._connection.end()
        thread.join(CLOSE_WAIT_S)

    def _serve(self, closing: threading.Event) -> ConnectionEnd | None:
        with self._lock:
            if closing.is_set():
                return None
            connection = self._connection = self._new_connection()
        try:
            return connection.serve()
        finally:
            with self._lock:
                if self._connection is connection:
                    self._connection = None

    def _new_connection(self) -> Connection:
        return Connection(
            address=self._address,
            client_id=self._client_id,
            clean_session=self._clean_session,
            manual_ack=self._manual_ack,
            handler=self._handler,
            on_accepted=self._announce_connected,
        )

    def _announce_connected(self) -> None:
        self._announcer.announce(
            BrokerConnected(service=self._service, host=self._address.host, port=self._address.port)
        )
