"""The wall clock jumps years back and forth while the monotonic clock goes on."""

from pathlib import Path

import pytest

from tests.integration.faults.load import in_background, pressing
from tests.integration.faults.plant import Plant

pytestmark = pytest.mark.faults

JUMPS = 5
YEARS_APART = ["+5y", "-3y"]
OFFSETS = ["+5y", "-3y", "+1d", "-1h", "+20y", "-20y", "+0", "+3s"]


@pytest.fixture
def clock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have our programs see a wall clock that is as far off as a file says (libfaketime)."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        pytest.skip("libfaketime is not installed; run: sudo apt-get install libfaketime")
    file = tmp_path / "offset"
    file.write_text("+0\n")
    monkeypatch.setenv("LD_PRELOAD", str(libraries[0]))
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(file))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    return file


def test_a_wall_clock_that_jumps(plant: Plant, clock_file: Path) -> None:
    """Events keep their order and arrive; pauses and time-outs do not notice."""
    plant.add("sensor", "bridge", "surveillance")
    events, devices = plant.count(500), plant.devices(5)
    jumps = [*YEARS_APART, *plant.rng.choices(OFFSETS, k=plant.count(JUMPS))]
    plant.rng.shuffle(jumps)
    with plant.client() as client:
        publish = in_background(
            lambda: client.publish_events(events, devices, per_s=100), lambda: None
        )
        with publish, pressing(plant.data_dir, per_s=40):
            for number, offset in enumerate(jumps):
                new = clock_file.with_suffix(".new")
                new.write_text(f"{offset}\n")
                new.replace(clock_file)
                plant.backend.behave(status=503 if number % 2 else None)
                plant.pause(0.3, 1)
            plant.backend.behave()
    years = {event_id.split("-")[1][:4] for event_id in _sensor_ids(plant)}
    assert len(years) > 1, "the clock did not jump for the sensor service"
    plant.check()


def _sensor_ids(plant: Plant) -> list[str]:
    return [one["event_id"] for one in plant.services["sensor"].notices("event_published")]
