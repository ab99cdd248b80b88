"""Mosquitto with the settings that we deploy, as a process that can be killed."""

import signal
import subprocess
from pathlib import Path

from attrs import define, field

from tests.rig.brokers import Address, listens, mosquitto_binary
from tests.rig.faulty import lasting_port
from tests.rig.programs import ROOT
from tests.waiting import wait_for

DEPLOYED = ROOT / "deploy" / "mosquitto" / "mosquitto.conf"
_OURS = ("listener", "persistence_location", "log_type")


@define
class DeployedBroker:
    """Killed, it comes back with what it had last saved, or with nothing if it saves nothing."""

    folder: Path
    is_saving: bool = True
    port: int = field(factory=lasting_port)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address("127.0.0.1", self.port)

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "mosquitto.conf"
        settings.write_text(self._configuration())
        command = [mosquitto_binary(), "-c", str(settings)]
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for("mosquitto listens", lambda: listens(self.address), within_s=30)

    def save(self) -> None:
        """Have it save now, as it does every 15 s, and wait until it has."""
        if self.is_saving and self._process is not None:
            file = self.folder / "mosquitto.db"
            before = file.stat().st_mtime_ns if file.exists() else 0
            self._process.send_signal(signal.SIGUSR1)
            wait_for("mosquitto saves", lambda: file.exists() and file.stat().st_mtime_ns > before)

    def kill(self) -> None:
        """End it at once. Twice is safe."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def connections_of(self, client_id: str) -> int:
        """Count how often a client was let in."""
        log = (self.folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")
        return sum(f" as {client_id} " in line for line in log.splitlines() if "New cl" in line)

    def _configuration(self) -> str:
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"persistence_location {self.folder}/",
            "user root",
            *("log_type error", "log_type warning", "log_type notice"),
        ]
        for line in DEPLOYED.read_text(encoding="utf-8").splitlines():
            if line.startswith("persistence ") and not self.is_saving:
                lines.append("persistence false")
            elif not line.startswith(_OURS):
                lines.append(line)
        return "\n".join(lines) + "\n"
