"""The real sensor process, started while its sensors are held."""

from contextlib import closing
from pathlib import Path

from surveil_core.events import SensorKind
from tests.hil.edge import edge_process, notices
from tests.hil.lines import Lines
from tests.hil.listener import Listener
from tests.rig.brokers import Address

SENSORS = (
    (SensorKind.MOTION, True),
    (SensorKind.BUTTON, False),
    (SensorKind.PRESSURE, True),
)
"""Each with the level that fires; resistors outside hold the lines, as it were."""

MIN_INTERVAL_S = 0.5
QUIET_S = 3 * MIN_INTERVAL_S


def test_a_level_held_since_before_the_start_is_no_event_and_the_next_press_is(
    lines: Lines, broker: Address, tmp_path: Path
) -> None:
    """Neither the start nor letting go says anything; a press then fires with its level."""
    held = list(zip(SENSORS, lines.pins, strict=False))
    for (_, fires_high), pin in held:
        lines.drive(pin, high=fires_high)
    with (
        closing(Listener(broker)) as listener,
        edge_process(
            "sensor",
            sensors="".join(
                f"[[sensors]]\nkind = '{kind}'\npin = {pin}\npull = 'none'\n"
                f"active_high = {str(fires_high).lower()}\nmin_interval_s = {MIN_INTERVAL_S}\n"
                for (kind, fires_high), pin in held
            ),
            broker=broker,
            folder=tmp_path,
            awaits={"sensor_ready": len(held), "broker_connected": len(held)},
        ) as running,
    ):
        assert listener.hears_nothing(QUIET_S)
        for (_, fires_high), pin in held:
            lines.drive(pin, high=not fires_high)
        assert listener.hears_nothing(QUIET_S)
        assert not notices(running, "event_detected") + notices(running, "edge_ignored")
        for (_, fires_high), pin in held:
            lines.drive(pin, high=fires_high)
        heard = dict(listener.next() for _ in held)
        assert {topic: message["data"] for topic, message in heard.items()} == {
            f"sensor/{kind}": {"gpio_pin": pin, "state": "HIGH" if fires_high else "LOW"}
            for (kind, fires_high), pin in held
        }
        assert listener.hears_nothing(QUIET_S)
        for (_, fires_high), pin in held:
            lines.drive(pin, high=not fires_high)
