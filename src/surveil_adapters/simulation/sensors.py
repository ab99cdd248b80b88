"""The `Sensors` port on a simulated board."""

from collections.abc import Sequence

from surveil_adapters.edge_queue import DEFAULT_QUEUE_EDGES, EdgeQueue
from surveil_adapters.simulation.board import SimulatedBoard
from surveil_core.ports.announcer import Announcer
from surveil_core.ports.sensors import Edge, SensorSpec


class SimulatedSensors:
    """Watches `sensors` of `board`; several instances may share one board.

    Edges arrive on the thread that drives the board and wait in a queue of
    `queue_edges`; what does not fit is counted and announced by `next_edge`.
    """

    def __init__(
        self,
        *,
        board: SimulatedBoard,
        sensors: Sequence[SensorSpec],
        service: str,
        announcer: Announcer,
        queue_edges: int = DEFAULT_QUEUE_EDGES,
    ) -> None:
        self._board = board
        self._sensors = tuple(sensors)
        self._service = service
        self._announcer = announcer
        self._queue_edges = queue_edges
        self._queue = self._new_queue()
        self._claimed: list[SensorSpec] = []

    def open(self) -> None:
        """Claim all lines or none. An open instance is closed first.

        Raises `SensorUnavailable` naming the sensor and its pin.
        """
        self.close()
        try:
            for sensor in self._sensors:
                self._board.claim(sensor, self._queue.put)
                self._claimed.append(sensor)
        except BaseException:
            self.close()
            raise

    def next_edge(self, timeout_s: float) -> Edge | None:
        """Wait for an edge; None after `timeout_s`, as always once closed."""
        return self._queue.get(timeout_s)

    def close(self) -> None:
        """Release the lines; edges not taken yet are dropped. Closing twice is safe."""
        claimed, self._claimed = self._claimed, []
        for sensor in claimed:
            self._board.release(sensor)
        self._queue = self._new_queue()

    def _new_queue(self) -> EdgeQueue:
        return EdgeQueue(
            service=self._service, announcer=self._announcer, queue_edges=self._queue_edges
        )
