"""A network that drops and delays: a TCP proxy between a program and its peer."""

import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from attrs import define, field

from tests.rig.brokers import Address

CHUNK_BYTES = 65536
TURN_S = 0.005


@define(eq=False)
class _Way:
    """Bytes from one socket to another, each chunk due at its time."""

    source: socket.socket
    target: socket.socket
    waiting: deque[tuple[float, bytes]] = field(factory=deque)


@define(eq=False)
class Proxy:
    """Passes connections on to `peer`. Its methods may be called from any thread.

    `delay_s` holds back each byte in both directions. While `is_stalled`, nothing passes,
    as on a network that drops every packet: TCP would send them again, so nothing is lost
    until `cut`. `is_refusing` ends new connections at once.
    """

    peer: Address
    delay_s: float = 0.0
    is_stalled: bool = False
    is_refusing: bool = False
    connections: int = field(default=0, init=False)
    _listener: socket.socket = field(init=False)
    _ways: list[_Way] = field(factory=list, init=False)
    _lock: threading.RLock = field(factory=threading.RLock, init=False)
    _selector: selectors.BaseSelector = field(factory=selectors.DefaultSelector, init=False)
    _is_closed: bool = field(default=False, init=False)
    _thread: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="proxy")
        self._thread.start()

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address("127.0.0.1", self._listener.getsockname()[1])

    def cut(self) -> None:
        """Reset every connection; what was on its way is lost, in the midst of a packet too."""
        with self._lock:
            for way in list(self._ways):
                self._end(way)

    def close(self) -> None:
        """End the thread and every connection. Twice is safe."""
        self._is_closed = True
        self._thread.join()
        self._listener.close()
        self.cut()
        self._selector.close()

    def _serve(self) -> None:
        self._selector.register(self._listener, selectors.EVENT_READ)
        while not self._is_closed:
            ready = self._selector.select(TURN_S)
            with self._lock:
                for key, _ in ready:
                    if key.fileobj is self._listener:
                        self._accept()
                    elif key.data in self._ways:
                        self._read(key.data)
                self._pass_on()
            if self.is_stalled:
                time.sleep(TURN_S)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            if self.is_refusing:
                raise ConnectionRefusedError
            server = socket.create_connection((self.peer.host, self.peer.port), 2)
        except OSError:
            client.close()
            return
        self.connections += 1
        for source, target in ((client, server), (server, client)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            way = _Way(source, target)
            self._ways.append(way)
            self._selector.register(source, selectors.EVENT_READ, way)

    def _read(self, way: _Way) -> None:
        if self.is_stalled:
            return
        try:
            chunk = way.source.recv(CHUNK_BYTES)
        except OSError:
            self._end(way)
            return
        if chunk:
            way.waiting.append((time.monotonic() + self.delay_s, chunk))
        else:
            self._selector.unregister(way.source)
            way.waiting.append((time.monotonic() + self.delay_s, b""))

    def _pass_on(self) -> None:
        for way in [] if self.is_stalled else list(self._ways):
            while way in self._ways and way.waiting and way.waiting[0][0] <= time.monotonic():
                _, chunk = way.waiting.popleft()
                try:
                    if not chunk:
                        raise ConnectionResetError
                    way.target.settimeout(5)
                    way.target.sendall(chunk)
                except OSError:
                    self._end(way, in_good_order=not chunk)

    def _end(self, way: _Way, *, in_good_order: bool = False) -> None:
        linger = struct.pack("ii", 1, 0)
        pair = [one for one in self._ways if one.source in (way.source, way.target)]
        for one in pair:
            self._ways.remove(one)
            with suppress(KeyError, ValueError):
                self._selector.unregister(one.source)
            if not in_good_order:
                with suppress(OSError):
                    one.source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            one.source.close()


@contextmanager
def proxy_to(peer: Address) -> Iterator[Proxy]:
    """Run a proxy to `peer`."""
    with closing(Proxy(peer)) as proxy:
        yield proxy
