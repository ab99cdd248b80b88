"""Clips on disk while they are written: raw H.264 first, a playable MP4 at the end.

A raw stream needs no ending, so a power cut leaves all that had reached the disk: each
picture is handed to the system at once and forced to the disk once a second.
"""

import os
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from attrs import frozen
from av.stream import Stream

from surveil_core.errors import StoreUnavailable
from surveil_core.ports.camera import ClipWriter, VideoFile
from surveil_core.video import AccessUnit, VideoFormat

_TIME_BASE = Fraction(1, 90_000)
_SYNC_EVERY_S = 1.0
_MAX_NAME_CHARS = 80
_MAX_SAME_NAMES = 1000


@frozen(kw_only=True)
class _Sample:
    """Where one picture lies in the raw file, and when it was taken."""

    size_bytes: int
    keyframe: bool
    at_s: float


class DiskSpool:
    """The `Spool` port: clips in one directory, which is made when it is first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def start_clip(self, *, event_id: str, unix_s: int, format: VideoFormat) -> ClipWriter:
        """Begin `recording_<event_id>_<unix s>.h264`. Raises `StoreUnavailable`.

        The event id comes from the network: whatever is no letter, digit, dot, dash or
        underscore becomes an underscore. An older file of the same name is left alone.
        """
        stem = f"recording_{safe_name(event_id)}_{unix_s}"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            return DiskClipWriter(_create_new(self._directory, stem), format)
        except OSError as error:
            raise StoreUnavailable(
                f"cannot write a clip in {self._directory}: {error}; free or mount the disk"
            ) from error


class DiskClipWriter:
    """One clip. The `ClipWriter` port. The file at `spool_path` exists and is empty."""

    def __init__(self, spool_path: Path, format: VideoFormat) -> None:
        self.spool_path = spool_path
        self._video_path = spool_path.with_suffix(".mp4")
        self._format = format
        self._samples: list[_Sample] = []
        self._synced_at_s = float("-inf")
        self._file = spool_path.open("wb")
        _sync_directory(spool_path.parent)

    def append(self, unit: AccessUnit) -> None:
        """Write one picture. Raises `StoreUnavailable` when the disk refuses."""
        try:
            self._file.write(unit.annex_b)
            self._file.flush()
            if unit.at_s - self._synced_at_s >= _SYNC_EVERY_S:
                os.fdatasync(self._file.fileno())
                self._synced_at_s = unit.at_s
        except OSError as error:
            raise StoreUnavailable(f"cannot write {self.spool_path}: {error}") from error
        self._samples.append(
            _Sample(size_bytes=len(unit.annex_b), keyframe=unit.keyframe, at_s=unit.at_s)
        )

    def finish(self) -> VideoFile:
        """Close the raw stream and wrap it as a fast-start MP4 with the camera's times.

        Raises `StoreUnavailable`; the raw stream then stays where it is.
        """
        if not self._samples:
            raise StoreUnavailable(f"{self.spool_path} has no picture; discard() it instead")
        try:
            self._file.close()
            self._wrap()
            size_bytes = self._video_path.stat().st_size
        except (OSError, av.FFmpegError) as error:
            self._video_path.unlink(missing_ok=True)
            raise StoreUnavailable(
                f"cannot make {self._video_path}: {error}; the raw video is {self.spool_path}"
            ) from error
        return VideoFile(path=self._video_path, size_bytes=size_bytes)

    def discard(self) -> None:
        """Remove both files. Discarding twice is safe. Raises `StoreUnavailable`."""
        try:
            self._file.close()
            self.spool_path.unlink(missing_ok=True)
            self._video_path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"cannot remove {self.spool_path}: {error}") from error

    def _wrap(self) -> None:
        with (
            av.open(str(self.spool_path), format="h264") as raw,
            av.open(
                str(self._video_path), "w", format="mp4", options={"movflags": "+faststart"}
            ) as video,
        ):
            stream = video.add_stream_from_template(raw.streams.video[0])
            stream.time_base = _TIME_BASE
            for packet in self._packets():
                packet.stream = stream
                video.mux(packet)

    def _packets(self) -> Iterator["av.Packet[Stream]"]:
        """Yield the pictures with their times, from 0 on and always growing."""
        starts = self._starts()
        ends = [*starts[1:], starts[-1] + round(1 / self._format.fps / _TIME_BASE)]
        with self.spool_path.open("rb") as raw:
            for sample, start, end in zip(self._samples, starts, ends, strict=True):
                packet = av.Packet(raw.read(sample.size_bytes))
                packet.time_base = _TIME_BASE
                packet.pts = packet.dts = start
                packet.duration = end - start
                packet.is_keyframe = sample.keyframe
                yield packet

    def _starts(self) -> list[int]:
        starts = [0]
        for sample in self._samples[1:]:
            since_first_s = sample.at_s - self._samples[0].at_s
            starts.append(max(starts[-1] + 1, round(since_first_s / _TIME_BASE)))
        return starts


def safe_name(event_id: str) -> str:
    """Make a bounded file name part of any text."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", event_id)[:_MAX_NAME_CHARS]


def _create_new(directory: Path, stem: str) -> Path:
    """Create a file that did not exist. Raises `OSError`."""
    for number in range(_MAX_SAME_NAMES):
        path = directory / (f"{stem}.h264" if number == 0 else f"{stem}_{number}.h264")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{directory / stem}.h264 exists {_MAX_SAME_NAMES} times")


def _sync_directory(directory: Path) -> None:
    """Make a new file's name survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
