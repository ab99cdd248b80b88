"""What Prometheus reads of cameras, journals and files."""

from prometheus_client.parser import text_string_to_metric_families

from surveil_adapters.metrics import (
    JournalCounters,
    file_metrics,
    filming_metrics,
    journal_metrics,
)
from surveil_core.preroll import RingFigures
from surveil_core.services.filming_figures import CameraFigures, FilmingFigures


def figures(number: int) -> FilmingFigures:
    return FilmingFigures(
        camera=CameraFigures(
            number=number,
            is_open=number == 1,
            starts=3,
            start_s=0.7,
            failures=2,
            pictures=100,
            picture_bytes=5000,
            dropped_pictures=4,
        ),
        ring=RingFigures(held_s=5.5, limit_s=5, held_bytes=2000, limit_bytes=10_000 * number),
        stored_clips=6,
        waiting_clips=1,
        given_up_events=8,
    )


def test_each_camera_is_told_under_its_number() -> None:
    """One family a name, one sample a camera, with its words."""
    text = filming_metrics([figures(1), figures(2)]).decode()
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families) == 14
    assert all(family.documentation for family in families)
    values = {
        (sample.name, sample.labels["camera"]): sample.value
        for family in families
        for sample in family.samples
    }
    assert values["surveil_camera_open", "1"] == 1
    assert values["surveil_camera_open", "2"] == 0
    assert values["surveil_camera_start_seconds", "1"] == 0.7
    assert values["surveil_camera_dropped_pictures_total", "2"] == 4
    assert values["surveil_ring_seconds", "1"] == 5.5
    assert values["surveil_ring_limit_bytes", "2"] == 20_000
    assert values["surveil_clips_given_up_total", "1"] == 8


def test_each_journal_is_told_under_its_service() -> None:
    """What it accepted is a counter, what it keeps a gauge."""
    text = journal_metrics({"sensor-motion": JournalCounters(accepted=3, waiting_bytes=20)})
    families = list(text_string_to_metric_families(text.decode()))
    assert [(family.name, family.type) for family in families] == [
        ("surveil_journal_accepted", "counter"),
        ("surveil_journal_waiting_bytes", "gauge"),
    ]
    assert [family.samples[0].value for family in families] == [3, 20]
    assert families[0].samples[0].labels == {"service": "sensor-motion"}


def test_each_file_says_whether_its_counters_are_there() -> None:
    """One gauge for all files, so that one alert finds any of them; its path is its label."""
    text = file_metrics({"/data/journal/sensor-motion.db": False, '/data/"odd".db': True})
    [family] = text_string_to_metric_families(text.decode())
    assert (family.name, family.type) == ("surveil_file_readable", "gauge")
    assert {sample.labels["file"]: sample.value for sample in family.samples} == {
        "/data/journal/sensor-motion.db": 0,
        '/data/"odd".db': 1,
    }
