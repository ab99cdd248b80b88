"""The bounded queue between whatever sees a line change and the sensor service.

A producer must never wait: lgpio has one thread for all lines of a process. When the
queue is full the newest edge is dropped and counted, and the consumer tells how many.
Dropping the newest is right for sensors, since debouncing wants the first of a burst.
"""

import queue
import threading

from surveil_core.notices import EdgesLost
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.sensors import Edge

DEFAULT_QUEUE_EDGES = 1024


class EdgeQueue:
    """Edges in the order they were put. `put` from any thread, `get` from one."""

    def __init__(self, *, service: str, announcer: Announcer, queue_edges: int) -> None:
        self._service = service
        self._announcer = announcer
        self._queue_edges = queue_edges
        self._edges: queue.Queue[Edge] = queue.Queue(queue_edges)
        self._lock = threading.Lock()
        self._lost_edges = 0

    def put(self, edge: Edge) -> None:
        """Add an edge, or count it as lost; returns at once and never raises."""
        try:
            self._edges.put_nowait(edge)
        except queue.Full:
            with self._lock:
                self._lost_edges += 1

    def get(self, timeout_s: float) -> Edge | None:
        """Tell of lost edges, then wait for the next one; None after `timeout_s`."""
        self._tell_of_lost_edges()
        try:
            return self._edges.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _tell_of_lost_edges(self) -> None:
        with self._lock:
            lost_edges, self._lost_edges = self._lost_edges, 0
        if lost_edges:
            self._announcer.announce(
                EdgesLost(
                    service=self._service, lost_edges=lost_edges, queue_edges=self._queue_edges
                )
            )
