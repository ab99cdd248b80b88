"""The bridge's counters in Prometheus' text form.

They come from the outbox itself, so they count since the file was made and add up at every
instant: `received = delivered + waiting + dead + refused`.
"""

from collections.abc import Iterator

from attrs import frozen
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from surveil_core.ports.outbox import OutboxCounters

_TOTALS = {
    "received": "Distinct messages taken from the broker",
    "delivered": "Events that the backend has",
    "refused": "Events given up for good",
    "repeated": "Messages that had been received before",
}
_LEVELS = {
    "waiting": "Events that the backend does not have yet",
    "dead": "Messages among the dead letters",
    "waiting_bytes": "Size of the waiting events",
}


@frozen
class _OutboxCollector(Collector):
    counters: OutboxCounters

    def collect(self) -> Iterator[Metric]:
        """Turn the counters into families, as Prometheus' client asks for them."""
        for name, words in _TOTALS.items():
            yield CounterMetricFamily(
                f"surveil_outbox_{name}", words, value=getattr(self.counters, name)
            )
        for name, words in _LEVELS.items():
            yield GaugeMetricFamily(
                f"surveil_outbox_{name}", words, value=getattr(self.counters, name)
            )


def outbox_metrics(counters: OutboxCounters) -> bytes:
    """Write counters of one instant."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_OutboxCollector(counters))
    return generate_latest(registry)
