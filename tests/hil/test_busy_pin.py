"""The real sensor process, a line that another program holds, and one that does not exist."""

from pathlib import Path

import pytest

from tests.contracts.sensors import motion_on
from tests.hil.bench import Bench
from tests.hil.edge import await_notices, edge_process, notices
from tests.hil.listener import Listener
from tests.rig.brokers import Address

NO_SUCH_PIN = 40
"""A line of the chip, but none of the header."""


def test_a_busy_or_absent_pin_is_told_and_the_other_sensor_works(
    bench: Bench, broker: Address, listener: Listener, tmp_path: Path
) -> None:
    """The texts name sensor, pin and reason; once a pin is free its sensor comes by itself."""
    if len(bench.pins) < 2:
        pytest.skip("one line only; wire a second jumper")
    free, busy = bench.pins[:2]
    holder = bench.make_sensors(motion_on(busy))
    holder.open()
    with edge_process(
        "sensor",
        sensors=f"[[sensors]]\nkind = 'motion'\npin = {free}\n"
        f"[[sensors]]\nkind = 'pressure'\npin = {busy}\n"
        f"[[sensors]]\nkind = 'button'\npin = {NO_SUCH_PIN}\n",
        broker=broker,
        folder=tmp_path,
        awaits={"sensor_ready": 1, "broker_connected": 1, "sensor_failed": 2},
    ) as running:
        reasons = [told["reason"] for told in notices(running, "sensor_failed")]
        assert any(f"'Tapis Entrée' on pin {busy} cannot be read: GPIO busy" in r for r in reasons)
        assert any(
            f"'Bouton Entrée' on pin {NO_SUCH_PIN} cannot be read" in r
            and "no such BCM pin, allowed are those of its header (0 to 27)" in r
            for r in reasons
        )
        bench.drive(free, high=True)
        assert listener.next()[0] == "sensor/motion"
        holder.close()
        await_notices(running, "sensor_ready", 2)
        bench.drive(busy, high=True)
        bench.drive(busy, high=False)
        assert listener.next()[0] == "sensor/pressure"
