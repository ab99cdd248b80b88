"""A pair of sockets that ends a `select` from another thread."""

import socket
import threading


class Waker:
    """`select` on it; it is readable from a `wake` until the next `sleep`."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._lock = threading.Lock()
        self._is_awake = False
        self._is_closed = False

    def fileno(self) -> int:
        """Name the descriptor to select on."""
        return self._reader.fileno()

    def wake(self) -> None:
        """End the present `select`, or the next one. From any thread, after closing too."""
        with self._lock:
            if not (self._is_awake or self._is_closed):
                self._is_awake = True
                self._writer.send(b"w")

    def sleep(self) -> None:
        """Forget the wakes so far. Called by the thread that selects."""
        with self._lock:
            if self._is_awake:
                self._is_awake = False
                self._reader.recv(1)

    def close(self) -> None:
        """Close both sockets. Twice is safe."""
        with self._lock:
            self._is_closed = True
            self._reader.close()
            self._writer.close()
