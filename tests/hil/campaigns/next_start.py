"""The start after a cut, on this machine: the product salvages what lies in a spool that was found.

The real programs on the real files, with neither camera nor broker: a clip that was cut needs none.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from surveil_adapters.spool.clip import DiskSpooledClip
from surveil_core.errors import DataLost
from tests.hil.campaigns.accounts import rows_of
from tests.hil.campaigns.settings import configuration
from tests.rig.brokers import Address
from tests.rig.programs import ROOT, program
from tests.waiting import wait_for

NOBODY = Address("127.0.0.1", 1)
SALVAGED_WITHIN_S = 120.0
STOP_WITHIN_S = 30.0


def start_on(data_dir: Path) -> tuple[str, ...]:
    """Start the surveillance service, let it see to all that is left, stop it; then `clips check`.

    Returns what was wrong.
    """
    file = data_dir.parent / "next-start.toml"
    text = configuration(
        broker=NOBODY, cloud_port=NOBODY.port, data_dir=data_dir, camera_mode="on-demand"
    )
    file.write_text(text, encoding="utf-8")
    command = ("apps.edge", "--config", str(file))
    with program(*command, "run", "surveillance", settings={"LOG__FORMAT": "json"}) as running:
        try:
            running.wait_for_text('"database_ready"', within_s=SALVAGED_WITHIN_S)
            wait_for("clips are stored", lambda: _is_done(data_dir), within_s=SALVAGED_WITHIN_S)
        except AssertionError as error:
            return (f"{error}: {running.output[-3000:]}",)
        if status := running.stop(within_s=STOP_WITHIN_S):
            return (f"the next start ended with {status}: {running.output[-3000:]}",)
    checked = subprocess.run(
        [sys.executable, "-m", *command, "clips", "check"],
        cwd=ROOT,
        env=_plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return (f"clips check: {checked.stdout}{checked.stderr}",) if checked.returncode else ()


def flushed_s(data_dir: Path) -> Mapping[str, float]:
    """Say how long the clips in a spool are, by the event that each was begun for."""
    lengths_s = {}
    for raw in sorted((data_dir / "spool").glob("recording_*.h264")):
        clip = DiskSpooledClip.found(raw)
        if clip.has_pictures:
            try:
                made = clip.make_video(with_preview=False)
            except DataLost:
                continue
            lengths_s[clip.events[0].event_id] = made.clip.duration_s
    return lengths_s


def _is_done(data_dir: Path) -> bool:
    """Whether the spool is empty and no event waits for its video."""
    if any((data_dir / "spool").glob("recording_*")):
        return False
    open_jobs = "SELECT id_evenement FROM travail_clip WHERE raison_abandon IS NULL"
    return not rows_of(data_dir / "surveillance.db", open_jobs)


def _plain_environment() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("SURVEIL_")}
