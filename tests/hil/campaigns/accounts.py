"""What was accepted, and where it is now: the accounts after a campaign of power cuts."""

import sqlite3
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import frozen

from tests.hil.campaigns.power_cut import Cut
from tests.hil.campaigns.traces import Traces

PLAYABLE_BYTES = 1024


@frozen(kw_only=True)
class Events:
    """Accepted events, and how often the database and the cloud have each."""

    accepted: int
    in_database: int
    in_cloud: int
    missing_in_database: tuple[str, ...]
    missing_in_cloud: tuple[str, ...]
    twice_in_database: tuple[str, ...]
    twice_in_cloud: tuple[str, ...]
    out_of_order_in_database: int
    out_of_order_in_cloud: int
    posted_again: int

    @property
    def is_kept(self) -> bool:
        """Whether promise 1 holds."""
        faults = (
            self.missing_in_database,
            self.missing_in_cloud,
            self.twice_in_database,
            self.twice_in_cloud,
        )
        return not any(faults) and not self.out_of_order_in_database + self.out_of_order_in_cloud


@frozen(kw_only=True)
class Clips:
    """The videos, and those that a cut interrupted.

    `lost_s` is, for each cut while it filmed, how much of the clip is missing: from the end of
    what was salvaged to the last sign of life.
    """

    stored: int
    salvaged: int
    unplayable: tuple[int, ...]
    given_up: tuple[str, ...]
    still_open: int
    cut_while_filming: int
    lost_s: tuple[float, ...]
    without_video: tuple[str, ...]


def account_for_events(traces: Traces, boots: int, database: Path) -> Events:
    """Compare what the sensors accepted with the rows and with what the cloud stored."""
    accepted = traces.accepted_ids(boots)
    table = rows_of(
        database, "SELECT event_id, timestamp, source FROM evenement ORDER BY id_evenement"
    )
    times = {row["event_id"]: row["timestamp"] for row in table}
    rows = Counter(row["event_id"] for row in table)
    posts = traces.posts()
    stored = [post for post in posts if post["new"]]
    cloud = Counter(post["key"][1] for post in stored)
    return Events(
        accepted=len(set(accepted)),
        in_database=len(rows),
        in_cloud=len(cloud),
        missing_in_database=tuple(sorted(set(accepted) - set(rows))),
        missing_in_cloud=tuple(sorted(set(accepted) - set(cloud))),
        twice_in_database=tuple(sorted(e for e, count in rows.items() if count > 1)),
        twice_in_cloud=tuple(sorted(e for e, count in cloud.items() if count > 1)),
        out_of_order_in_database=_inversions(
            [(row["source"], row["event_id"]) for row in table], times
        ),
        out_of_order_in_cloud=_inversions(
            [(post["source"], post["key"][1]) for post in stored], times
        ),
        posted_again=len(posts) - len(stored),
    )


def account_for_clips(traces: Traces, cuts: Sequence[Cut], database: Path, folder: Path) -> Clips:
    """Play every video, and measure what the cuts cost."""
    media = rows_of(
        database,
        "SELECT id_media, event_id, date_debut, duree, recupere, video FROM media "
        "JOIN media_evenement USING (id_media) "
        "JOIN evenement ON evenement.id_evenement = media_evenement.id_evenement",
    )
    videos = {row["id_media"]: row for row in media}
    jobs = rows_of(
        database, "SELECT event_id, raison_abandon FROM travail_clip JOIN evenement "
        "USING (id_evenement)"
    )  # fmt: skip
    lost_s, without_video, interrupted = [], [], 0
    for cut in cuts:
        event_id = _clip_in_hand(traces, cut.boot)
        if event_id is None:
            continue
        interrupted += 1
        ends = [_end_of(row) for row in media if row["event_id"] == event_id]
        if ends:
            lost_s.append(max(0.0, (cut.at_utc - max(ends)).total_seconds()))
        else:
            without_video.append(f"{event_id} (cut {cut.boot + 1})")
    return Clips(
        stored=len(videos),
        salvaged=sum(row["recupere"] for row in videos.values()),
        unplayable=tuple(i for i, row in videos.items() if not _plays(row["video"], folder)),
        given_up=tuple(f"{j['event_id']}: {j['raison_abandon']}" for j in jobs if j[1]),
        still_open=sum(job["raison_abandon"] is None for job in jobs),
        cut_while_filming=interrupted,
        lost_s=tuple(lost_s),
        without_video=tuple(without_video),
    )


def _clip_in_hand(traces: Traces, boot: int) -> str | None:
    """Name the event whose clip had begun, and was not complete, at the end of a boot."""
    in_hand = None
    for notice in traces.notices(boot, "recording_started", "clip_captured", "clip_failed"):
        in_hand = notice["event_id"] if notice["event"] == "recording_started" else None
    return in_hand


def _end_of(row: sqlite3.Row) -> datetime:
    began = datetime.fromisoformat(row["date_debut"]).replace(tzinfo=UTC)
    return began + timedelta(seconds=row["duree"])


def _inversions(stored: Sequence[tuple[str, str]], times: Mapping[str, float]) -> int:
    """Count events, named by sensor and id, that came after a younger one of the same sensor."""
    latest: dict[str, float] = {}
    inversions = 0
    for source, event_id in stored:
        at_s = times.get(event_id)
        if at_s is None:
            continue
        inversions += at_s < latest.get(source, 0.0)
        latest[source] = max(at_s, latest.get(source, 0.0))
    return inversions


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


def rows_of(database: Path, query: str) -> list[sqlite3.Row]:
    """Ask a database that nobody else has open."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(query).fetchall()
