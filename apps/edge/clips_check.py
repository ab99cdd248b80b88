"""`clips check`: reads every byte of the database and decodes every picture."""

import sys
from collections.abc import Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Thread

from apps.edge.clips_words import counted, event_names, printable
from surveil_adapters.console.progress import ProgressBar
from surveil_core.errors import StoreUnavailable
from surveil_core.ports.inspection import Inspection
from surveil_core.services.checking import ClipChecking, Finding

MAX_SHOWN_FAULTS = 10
"""Of the file: one lost page makes others that nothing leads to any more."""

_LOOK_EVERY_S = 0.2
_IO_COUNTERS = Path("/proc/self/io")


def check_file(inspection: Inspection, path: Path) -> bool:
    """Check the database as a file, and say what is wrong with it. True if nothing is.

    That it cannot be checked, since a service has locked it for long, is said likewise.
    """
    try:
        faults = [*_find_file_faults(inspection), *inspection.find_clips().faults]
        strays = inspection.find_stray_files()
    except StoreUnavailable as error:
        sys.stdout.write(f"could not be checked: {error}\n")
        return False
    for fault in faults[:MAX_SHOWN_FAULTS]:
        sys.stdout.write(f"{path}: {printable(fault)}\n")
    if faults:
        sys.stdout.write(
            f"{path}: {counted(len(faults), 'fault')}; next: mend or delete the damaged clips "
            "named below, and check again; if faults stay, `clips export all --to FOLDER` saves "
            "what can be read, then stop the services and move the file aside: "
            "they begin a new one\n"
        )
    else:
        sys.stdout.write(f"{path}: sound\n")
    if strays:
        sys.stdout.write(_line_of_strays(strays))
    return not faults


def check_clips(checking: ClipChecking, media_ids: Sequence[int], *, are_named: bool) -> bool:
    """Check clips, and name each damaged one. True if all are sound.

    One that cannot be read now is told, and counted apart. `are_named` by a person, who wants to
    know then if one is not there.
    """
    damaged = gone = busy = 0
    with ProgressBar("checking", total=len(media_ids), unit="clips") as bar:
        for media_id in media_ids:
            finding = checking.check(media_id)
            if finding.is_gone:
                gone += 1
                if are_named:
                    bar.say(f"clip {media_id}: there is none; `clips list` names them")
            elif finding.busy is not None:
                busy += 1
                bar.say(f"clip {media_id}: not checked: {printable(finding.busy)}")
            elif finding.faults:
                damaged += 1
                bar.say(_line(finding))
            bar.advance()
    checked = len(media_ids) - gone - busy
    left_out = f", {busy} not checked" if busy else ""
    sys.stdout.write(
        f"{counted(checked)} checked: {checked - damaged} sound, {damaged} damaged{left_out}\n"
    )
    return not damaged and not busy and not (are_named and gone)


def _line_of_strays(strays: Sequence[str]) -> str:
    """Tell of files that no clip has: no damage, but space that nothing watches."""
    names = printable(", ".join(strays[:MAX_SHOWN_FAULTS]))
    more = "" if len(strays) <= MAX_SHOWN_FAULTS else " and others"
    return (
        f"{counted(len(strays), 'file')} of no clip: {names}{more}; of another database, "
        "or somebody's, so nothing deletes them; next: move them away\n"
    )


def _line(finding: Finding) -> str:
    faults = "; ".join(printable(fault.text) for fault in finding.faults)
    events = event_names(finding.event_ids)
    return f"clip {finding.media_id} ({events}): {faults}; next: {printable(finding.advice)}"


def _find_file_faults(inspection: Inspection) -> Sequence[str]:
    """Look at the file on a thread, and show meanwhile how much of it was read.

    The thread is a daemon: whoever stops the program need not wait for it.
    """
    looking: Future[Sequence[str]] = Future()

    def look() -> None:
        try:
            looking.set_result(inspection.find_file_faults())
        except BaseException as error:  # noqa: BLE001 - raised again by `result`
            looking.set_exception(error)

    with ProgressBar("reading the file", total=inspection.file_bytes(), unit="bytes") as bar:
        seen_bytes = _read_bytes()
        Thread(target=look, name="inspection", daemon=True).start()
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
