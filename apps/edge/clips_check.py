"""`clips check`: reads every byte of the database and decodes every picture."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from apps.edge.clips_words import counted, event_names, printable
from surveil_adapters.console.progress import ProgressBar
from surveil_core.ports.inspection import Inspection
from surveil_core.services.checking import ClipChecking, Finding

_LOOK_EVERY_S = 0.2
_IO_COUNTERS = Path("/proc/self/io")


def check_file(inspection: Inspection, path: Path) -> bool:
    """Check the database as a file, and say what is wrong with it. True if nothing is.

    Raises `StoreUnavailable`.
    """
    faults = [*_find_file_faults(inspection), *inspection.find_clips().faults]
    for fault in faults:
        sys.stdout.write(f"{path}: {printable(fault)}\n")
    if faults:
        sys.stdout.write(
            f"{path}: {counted(len(faults), 'fault')}; next: see with `dmesg` whether the disk "
            "fails, stop the services, and rescue what can be read with "
            f"`sqlite3 {path} .recover | sqlite3 rescued.db`\n"
        )
    else:
        sys.stdout.write(f"{path}: sound\n")
    return not faults


def check_clips(checking: ClipChecking, media_ids: Sequence[int], *, are_named: bool) -> bool:
    """Check clips, and name each damaged one. True if all are sound.

    `are_named` by a person, who wants to know then if one is not there.
    """
    damaged = gone = 0
    with ProgressBar("checking", total=len(media_ids), unit="clips") as bar:
        for media_id in media_ids:
            finding = checking.check(media_id)
            if finding.is_gone:
                gone += 1
                if are_named:
                    bar.say(f"clip {media_id}: there is none; `clips list` names them")
            elif finding.faults:
                damaged += 1
                bar.say(_line(finding))
            bar.advance()
    checked = len(media_ids) - gone
    sys.stdout.write(f"{counted(checked)} checked: {checked - damaged} sound, {damaged} damaged\n")
    return not damaged and not (are_named and gone)


def _line(finding: Finding) -> str:
    faults = "; ".join(printable(fault.text) for fault in finding.faults)
    events = event_names(finding.event_ids)
    return f"clip {finding.media_id} ({events}): {faults}; next: {printable(finding.advice)}"


def _find_file_faults(inspection: Inspection) -> Sequence[str]:
    """Look at the file on a thread, and show meanwhile how much of it was read."""
    total_bytes = inspection.file_bytes()
    with (
        ProgressBar("reading the file", total=total_bytes, unit="bytes") as bar,
        ThreadPoolExecutor(1) as pool,
    ):
        seen_bytes = _read_bytes()
        looking = pool.submit(inspection.find_file_faults)
        while wait([looking], timeout=_LOOK_EVERY_S).not_done:
            now_bytes = _read_bytes()
            bar.advance(now_bytes - seen_bytes)
            seen_bytes = now_bytes
        return looking.result()


def _read_bytes() -> int:
    """How much this process has read so far; 0 where the system does not count it."""
    try:
        fields = dict(line.split(": ") for line in _IO_COUNTERS.read_text().splitlines())
    except OSError:
        return 0
    return int(fields["rchar"])
