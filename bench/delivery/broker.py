"""The Mosquitto of a measurement, which can be killed and started again.

As the project deploys it, except that its queue has no limit and that it saves by time
instead of at each change: with 20,000 messages waiting, writing the file at each change
would be what is measured.
"""

import os
import subprocess
from pathlib import Path

from attrs import define, field

from bench.processes import start, stop
from tests.rig.brokers import Address, free_port, listens, mosquitto_binary
from tests.waiting import wait_for

CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
persistence true
persistence_location {folder}/
autosave_on_changes false
autosave_interval {autosave_interval_s}
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 100
log_dest stderr
log_type error
log_type warning
"""


@define
class BenchBroker:
    """Saves what waits and who subscribed every `autosave_interval_s` seconds."""

    folder: Path
    autosave_interval_s: int
    port: int = field(factory=free_port)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address("127.0.0.1", self.port)

    def start(self) -> None:
        """Start it and wait until it listens."""
        settings = self.folder / "mosquitto.conf"
        text = CONFIGURATION.format(
            port=self.port, folder=self.folder, autosave_interval_s=self.autosave_interval_s
        )
        # as root it would become the user mosquitto, who may not write here
        settings.write_text(text + ("user root\n" if os.geteuid() == 0 else ""))
        command = [mosquitto_binary(), "-c", str(settings)]
        self._process = start(command, log=self.folder / "mosquitto.log")
        wait_for("mosquitto listens", lambda: listens(self.address))

    def kill(self) -> None:
        """End it at once, saving nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it in good order. Closing twice is safe."""
        if self._process is not None:
            stop(self._process)
            self._process = None


def version() -> str:
    """Say which Mosquitto is measured, such as `2.0.11`."""
    said = subprocess.run([mosquitto_binary(), "-h"], capture_output=True, text=True, check=False)
    return said.stdout.partition("\n")[0].removeprefix("mosquitto version ").strip()
