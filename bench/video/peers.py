"""The same trigger-to-clip job by ours and by `motion`, on one network camera.

All copy or decode the same H.264 by RTSP, are triggered from outside, and keep three seconds
before the trigger and ten after it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from attrs import frozen

from bench.delivery import procfs
from bench.delivery.peers import Absent
from bench.video import motion, records
from bench.video.edge import Edge, running_edge
from bench.video.findings import Finding
from bench.video.peak import peak_of
from bench.video.peer_figures import PeerFigures, peers_table
from bench.video.place import Place
from bench.video.playback import Playback, play
from tests.rig.rtsp_server import MOUNT, rtsp_server

PRE_ROLL_S = 3.0


class Recorder(Protocol):
    """What is compared: it films when it is told to."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def film(self, duration_s: float) -> Path:
        """Film from now for `duration_s`, and return the finished video."""

    def film_and_kill(self, after_s: float) -> Path | None:
        """Film, be killed after `after_s`; return what a person finds then, started again."""


@frozen
class OursAsRecorder:
    """Our program, a clip being as long as it is configured."""

    edge: Edge
    place: Place

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.edge.pid

    def film(self, duration_s: float) -> Path:
        """Fire, wait, and copy the clip out of the database."""
        clips = len(records.stored_clips(self.edge.database))
        self.edge.fire()
        self.place.pause(duration_s)
        return self._export(self.edge.wait_for_clips(clips + 1)[-1].media_id)

    def film_and_kill(self, after_s: float) -> Path | None:
        """Fire, kill, start again, and copy out what was salvaged."""
        fired = self.edge.fire()
        self.place.pause(after_s)
        self.edge.kill()
        self.edge.start()
        self.edge.wait_until_settled()
        clips = records.stored_clips(self.edge.database)
        of_event = [clip for clip in clips if fired.event_id in clip.event_ids]
        return self._export(of_event[0].media_id) if of_event else None

    def _export(self, media_id: int) -> Path:
        return records.export(self.edge.database, media_id, self.edge.folder / f"{media_id}.mp4")


@contextmanager
def _ours(place: Place, url: str, duration_s: float) -> Iterator[Recorder]:
    with running_edge(place, duration_s=duration_s, pre_roll_s=PRE_ROLL_S, source=url) as edge:
        place.pause(PRE_ROLL_S + 3.0)
        yield OursAsRecorder(edge, place)


def _motion(**options: str) -> Callable[[Place, str, float], AbstractContextManager[Recorder]]:
    @contextmanager
    def run(place: Place, url: str, _: float) -> Iterator[Recorder]:
        with motion.running_motion(place, url, pre_roll_s=PRE_ROLL_S, options=options) as recorder:
            yield recorder

    return run


SUBJECTS: Mapping[str, Callable[[Place, str, float], AbstractContextManager[Recorder]]] = {
    "**ours**": _ours,
    "motion, MKV (its default)": _motion(movie_codec="mkv"),
    "motion, MP4, passthrough": _motion(movie_codec="mp4", movie_passthrough="on"),
}


def compare(place: Place) -> Finding:
    """Take all figures of one after the other. A recorder that cannot be had is named."""
    figures: dict[str, PeerFigures | str] = {}
    for title, running in SUBJECTS.items():
        try:
            figures[title] = _measure(place, running)
        except Absent as error:
            figures[title] = str(error)
        except RuntimeError as error:
            figures[title] = f"absent: {error}"
        except (AssertionError, OSError) as error:
            figures[title] = f"FAILED: {str(error).partition(chr(10))[0][:120]}"
        print(f"motion: {title}: {figures[title]}", flush=True)
    return Finding(seen=_versions(), more=peers_table(figures))


def _versions() -> str:
    try:
        return f"motion {motion.version(motion.motion_program())}: see below"
    except Absent as error:
        return str(error)


def _measure(
    place: Place, running: Callable[[Place, str, float], AbstractContextManager[Recorder]]
) -> PeerFigures:
    counts = (1, 4.0, 5.0, 3.0) if place.is_quick else (3, 10.0, 20.0, 8.0)
    clips, clip_s, idle_s, killed_s = counts
    with (
        rtsp_server(place.footage.annex_b) as (port, _),
        running(place, f"rtsp://127.0.0.1:{port}{MOUNT}", clip_s) as recorder,
    ):
        before_s = procfs.cpu_s(recorder.pid)
        place.pause(idle_s)
        idle_cpu_s = procfs.cpu_s(recorder.pid) - before_s
        before_s = procfs.cpu_s(recorder.pid)
        with peak_of(recorder.pid) as peak:
            videos = [recorder.film(clip_s) for _ in range(clips)]
        filming_cpu_s = procfs.cpu_s(recorder.pid) - before_s
        peak_rss_mb = procfs.peak_rss_mb(recorder.pid) + peak.helpers_mb
        left = recorder.film_and_kill(killed_s)
        return PeerFigures(
            clip_s=clip_s,
            idle_percent=100 * idle_cpu_s / idle_s,
            filming_cpu_s=filming_cpu_s,
            peak_rss_mb=peak_rss_mb,
            clips=tuple(play(video) for video in videos),
            killed_after_s=killed_s,
            left=Playback(fault="no file") if left is None else play(left),
        )
