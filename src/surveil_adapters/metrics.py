"""The bridge's and the camera's counters in Prometheus' text form.

The bridge's come from the outbox itself, so they count since the file was made and add up at
every instant: `received = delivered + waiting + dead + refused`. The camera's count since the
program began.
"""

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from surveil_core.ports.outbox import OutboxCounters
from surveil_core.services.filming_figures import FilmingFigures

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


@frozen
class _FilmingCollector(Collector):
    figures: FilmingFigures

    def collect(self) -> Iterator[Metric]:
        """Turn the figures into families, as Prometheus' client asks for them."""
        camera, ring = self.figures.camera, self.figures.ring
        labels = {"camera": str(camera.number)}
        totals: Sequence[tuple[str, str, float]] = (
            ("camera_starts", "Times the camera was opened and gave a picture", camera.starts),
            ("camera_failures", "Times the camera was lost or not to be had", camera.failures),
            ("camera_pictures", "Pictures taken from the camera", camera.pictures),
            ("camera_picture_bytes", "Their coded size", camera.picture_bytes),
            ("camera_dropped_pictures", "Pictures nobody took in time", camera.dropped_pictures),
            ("clips_stored", "Videos stored", self.figures.stored_clips),
            ("clips_given_up", "Events whose video can never be had", self.figures.given_up_events),
        )
        levels: Sequence[tuple[str, str, float]] = (
            ("camera_open", "1 while the camera is open, else 0", camera.is_open),
            ("camera_start_seconds", "What its last start took", camera.start_s),
            ("ring_seconds", "Pre-roll held in memory", ring.held_s),
            ("ring_limit_seconds", "Beyond this, old groups of pictures leave", ring.limit_s),
            ("ring_bytes", "Memory of the pre-roll", ring.held_bytes),
            ("ring_limit_bytes", "What it may take, whatever the camera sends", ring.limit_bytes),
            ("clips_waiting", "Filmed videos that are not stored yet", self.figures.waiting_clips),
        )
        for name, words, value in totals:
            yield _labelled(CounterMetricFamily, name, words, labels, value)
        for name, words, value in levels:
            yield _labelled(GaugeMetricFamily, name, words, labels, value)


def _labelled(
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily],
    name: str,
    words: str,
    labels: Mapping[str, str],
    value: float,
) -> Metric:
    family = kind(f"surveil_{name}", words, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def outbox_metrics(counters: OutboxCounters) -> bytes:
    """Write counters of one instant."""
    return _text_of(_OutboxCollector(counters))


def filming_metrics(figures: FilmingFigures) -> bytes:
    """Write the camera's figures of one instant."""
    return _text_of(_FilmingCollector(figures))


def _text_of(collector: Collector) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)
