"""The videos after a campaign of power cuts, and what the cuts cost them."""

import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from attrs import frozen

from tests.hil.campaigns.accounts import rows_of
from tests.hil.campaigns.endings import (
    BEGUN_WITHIN,
    TOLD,
    Ending,
    Video,
    clips_under_way,
    ending_of,
    gone,
    utc,
)
from tests.hil.campaigns.power_cut import Cut
from tests.hil.campaigns.traces import Traces

PLAYABLE_BYTES = 1024

_FORGOTTEN = """
    SELECT event_id FROM evenement WHERE source = 'PIR'
    AND id_evenement NOT IN (SELECT id_evenement FROM media_evenement)
    AND id_evenement NOT IN (SELECT id_evenement FROM travail_clip)
"""


@frozen(kw_only=True)
class Clips:
    """The videos, and those that a cut interrupted.

    `given_up` are the events without video, each with its reason; of these `without_cause` are
    those that neither a cut nor a camera that was still starting explains.
    """

    stored: int
    salvaged: int
    unplayable: tuple[int, ...]
    gone: tuple[str, ...]
    """Events whose video was told to be stored, and is not there."""
    given_up: tuple[str, ...]
    without_cause: tuple[str, ...]
    still_open: int
    forgotten: tuple[str, ...]
    """Motions of which nothing says that they are, were or will be filmed."""
    endings: tuple[Ending, ...]

    @property
    def were_cut(self) -> bool:
        """Whether any clip was cut; else nothing is shown."""
        return any(not one.is_complete for one in self.endings)

    @property
    def is_kept(self) -> bool:
        """Whether promise 3 was shown to hold."""
        return (
            self.were_cut
            and all(one.is_kept for one in self.endings)
            and not (self.unplayable or self.gone or self.without_cause)
            and not (self.still_open or self.forgotten)
        )


def account_for_clips(traces: Traces, cuts: Sequence[Cut], database: Path, folder: Path) -> Clips:
    """Play every video, and compare those of interrupted clips with the instant of the cut."""
    files = rows_of(database, "SELECT id_media, recupere, video FROM media")
    videos = videos_in(database)
    jobs = rows_of(
        database, "SELECT event_id, date_reception, raison_abandon FROM travail_clip "
        "JOIN evenement USING (id_evenement)"
    )  # fmt: skip
    given_up = [job for job in jobs if job["raison_abandon"]]
    return Clips(
        stored=len(files),
        salvaged=sum(row["recupere"] for row in files),
        unplayable=tuple(row["id_media"] for row in files if not _plays(row["video"], folder)),
        gone=tuple(gone(_told_to_be_stored(traces, len(cuts) + 1), videos)),
        given_up=tuple(f"{job['event_id']}: {job['raison_abandon']}" for job in given_up),
        without_cause=tuple(
            job["event_id"]
            for job in given_up
            if not _has_cause(traces, cuts, utc(job["date_reception"]))
        ),
        still_open=len(jobs) - len(given_up),
        forgotten=tuple(row["event_id"] for row in rows_of(database, _FORGOTTEN)),
        endings=tuple(
            ending_of(clip, cut.at_utc, videos)
            for cut in cuts
            for clip in clips_under_way(traces.notices(cut.boot, *TOLD))
        ),
    )


def videos_in(database: Path) -> Sequence[Video]:
    """Read the videos, each once for every event that it shows."""
    rows = rows_of(
        database,
        "SELECT event_id, date_debut, duree, recupere FROM media "
        "JOIN media_evenement USING (id_media) "
        "JOIN evenement ON evenement.id_evenement = media_evenement.id_evenement",
    )
    return [
        Video(
            event_id=row["event_id"],
            began_at_utc=utc(row["date_debut"]),
            duration_s=row["duree"],
            is_salvaged=bool(row["recupere"]),
        )
        for row in rows
    ]


def _told_to_be_stored(traces: Traces, boots: int) -> Sequence[str]:
    return [
        notice["event_id"]
        for boot in range(boots)
        for notice in traces.notices(boot, "clip_stored")
    ]


def _has_cause(traces: Traces, cuts: Sequence[Cut], received_at_utc: datetime) -> bool:
    """Say if the power went at once, or the camera had given no picture yet in that boot.

    What came after the last cut had all the time it needed.
    """
    cut = next((cut for cut in cuts if cut.at_utc > received_at_utc), None)
    if cut is not None and cut.at_utc - received_at_utc <= BEGUN_WITHIN:
        return True
    boot = len(cuts) if cut is None else cut.boot
    ready = traces.notices(boot, "camera_ready")
    return not ready or datetime.fromisoformat(ready[0]["time"]) > received_at_utc


def _plays(video: bytes, folder: Path) -> bool:
    """Decode every picture, any error being a fault."""
    if len(video) < PLAYABLE_BYTES:
        return False
    file = folder / "clip.mp4"
    file.write_bytes(video)
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(file)]
    # at its own times: in steps of the mean rate, two pictures of a salvaged clip may be one
    command += ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.returncode == 0 and not done.stderr
