"""The real sensor process, and a line that another program holds."""

from pathlib import Path

import pytest

from tests.contracts.sensors import motion_on
from tests.hil.bench import Bench
from tests.hil.edge import await_notices, edge_process, notices
from tests.hil.listener import Listener
from tests.rig.brokers import Address


def test_a_busy_pin_is_told_and_the_other_sensor_works(
    bench: Bench, broker: Address, listener: Listener, tmp_path: Path
) -> None:
    """The text names sensor, pin and reason; once the pin is free the sensor comes by itself."""
    if len(bench.pins) < 2:
        pytest.skip("one line only; wire a second jumper")
    free, busy = bench.pins[:2]
    holder = bench.make_sensors(motion_on(busy))
    holder.open()
    with edge_process(
        "sensor",
        sensors=f"[[sensors]]\nkind = 'motion'\npin = {free}\n"
        f"[[sensors]]\nkind = 'pressure'\npin = {busy}\n",
        broker=broker,
        folder=tmp_path,
        awaits={"sensor_ready": 1, "broker_connected": 1, "sensor_failed": 1},
    ) as running:
        reason = notices(running, "sensor_failed")[0]["reason"]
        assert f"'Tapis Entrée' on pin {busy} cannot be read: GPIO busy" in reason
        bench.drive(free, high=True)
        assert listener.next()[0] == "sensor/motion"
        holder.close()
        await_notices(running, "sensor_ready", 2)
        bench.drive(busy, high=True)
        bench.drive(busy, high=False)
        assert listener.next()[0] == "sensor/pressure"
