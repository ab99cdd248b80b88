"""The counters of sensors, bridge and cameras in Prometheus' text form.

Those of sensors and bridge come from their journals and outbox themselves, so they count since
the file was made; the bridge's add up at every instant: `received = delivered + waiting + dead +
refused`. The cameras' count since the program began. A file that could not be read has no
counters, which Prometheus tells from a zero, and a gauge of 0.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

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


@frozen(kw_only=True)
class JournalCounters:
    """What a sensor service accepted since its journal was made, and what that keeps."""

    accepted: int
    waiting_bytes: int


@frozen(eq=False)
class _JournalCollector(Collector):
    counters: Mapping[str, JournalCounters]

    def collect(self) -> Iterator[Metric]:
        """Turn what the files say into families, as Prometheus' client asks for them."""
        accepted = CounterMetricFamily(
            "surveil_journal_accepted", "Events that the sensor wrote down", labels=["service"]
        )
        waiting = GaugeMetricFamily(
            "surveil_journal_waiting_bytes",
            "Size of those kept until the broker has had them for a while",
            labels=["service"],
        )
        for service, counters in self.counters.items():
            accepted.add_metric([service], counters.accepted)
            waiting.add_metric([service], counters.waiting_bytes)
        yield accepted
        yield waiting


@frozen(eq=False)
class _FileCollector(Collector):
    is_readable: Mapping[str, bool]

    def collect(self) -> Iterator[Metric]:
        """Turn what could be read into a family, as Prometheus' client asks for it."""
        readable = GaugeMetricFamily(
            "surveil_file_readable",
            "1 if the file's counters are here, 0 if it could not be read",
            labels=["file"],
        )
        for path, is_readable in self.is_readable.items():
            readable.add_metric([path], is_readable)
        yield readable


_CAMERA_TOTALS: Mapping[str, tuple[str, Callable[[FilmingFigures], float]]] = {
    "camera_starts": (
        "Times the camera was opened and gave a picture",
        lambda x: x.camera.starts,
    ),
    "camera_failures": (
        "Times the camera was lost or not to be had",
        lambda x: x.camera.failures,
    ),
    "camera_pictures": ("Pictures taken from the camera", lambda x: x.camera.pictures),
    "camera_picture_bytes": ("Their coded size", lambda x: x.camera.picture_bytes),
    "camera_dropped_pictures": (
        "Pictures that nobody took in time",
        lambda x: x.camera.dropped_pictures,
    ),
    "clips_stored": ("Videos stored", lambda x: x.stored_clips),
    "clips_given_up": ("Events whose video can never be had", lambda x: x.given_up_events),
}
_CAMERA_LEVELS: Mapping[str, tuple[str, Callable[[FilmingFigures], float]]] = {
    "camera_open": ("1 while the camera is open, else 0", lambda x: x.camera.is_open),
    "camera_start_seconds": ("What its last start took", lambda x: x.camera.start_s),
    "ring_seconds": ("Pre-roll held in memory", lambda x: x.ring.held_s),
    "ring_limit_seconds": (
        "Beyond this, old groups of pictures leave",
        lambda x: x.ring.limit_s,
    ),
    "ring_bytes": ("Memory of the pre-roll", lambda x: x.ring.held_bytes),
    "ring_limit_bytes": (
        "What it may take, whatever the camera sends",
        lambda x: x.ring.limit_bytes,
    ),
    "clips_waiting": ("Filmed videos that are not stored yet", lambda x: x.waiting_clips),
}


@frozen
class _FilmingCollector(Collector):
    figures: tuple[FilmingFigures, ...]

    def collect(self) -> Iterator[Metric]:
        """Turn the figures into families, as Prometheus' client asks for them."""
        for name, (words, read) in _CAMERA_TOTALS.items():
            yield self._fill(CounterMetricFamily(f"surveil_{name}", words, labels=["camera"]), read)
        for name, (words, read) in _CAMERA_LEVELS.items():
            yield self._fill(GaugeMetricFamily(f"surveil_{name}", words, labels=["camera"]), read)

    def _fill(
        self,
        family: CounterMetricFamily | GaugeMetricFamily,
        read: Callable[[FilmingFigures], float],
    ) -> Metric:
        for one in self.figures:
            family.add_metric([str(one.camera.number)], read(one))
        return family


def outbox_metrics(counters: OutboxCounters) -> bytes:
    """Write counters of one instant."""
    return _text_of(_OutboxCollector(counters))


def journal_metrics(counters: Mapping[str, JournalCounters]) -> bytes:
    """Write what each sensor service accepted and keeps."""
    return _text_of(_JournalCollector(counters))


def file_metrics(is_readable: Mapping[str, bool]) -> bytes:
    """Write of which files the counters are there, by path."""
    return _text_of(_FileCollector(is_readable))


def filming_metrics(figures: Sequence[FilmingFigures]) -> bytes:
    """Write the figures of each camera."""
    return _text_of(_FilmingCollector(tuple(figures)))


def _text_of(collector: Collector) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)
