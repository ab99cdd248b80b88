"""Measuring a stored video: FFmpeg, by PyAV, decodes each of its pictures and is strict."""

import zlib
from typing import Any, cast

import av
from attrs import define, frozen
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from surveil_adapters.archive_file import ArchiveFile
from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.ports.archive import Archive
from surveil_core.soundness import MeasuredVideo

CHUNK_BYTES = 1024 * 1024
"""How much of a video is read at a time; SQLite looks for the place anew each time."""


@frozen
class PyavVideoMeter:
    """A `VideoMeter` on the videos of an archive."""

    _archive: Archive

    def measure(self, media_id: int, *, video_bytes: int) -> MeasuredVideo:
        """Decode it on one thread: the services of a Pi need the others."""
        file = _LenientFile(self._archive, media_id, size_bytes=video_bytes)
        try:
            video = _measure(file, _crc32(file))
        except (av.FFmpegError, IndexError, ValueError) as error:
            raise file.refusal or DataLost(f"its video is no readable MP4: {error}") from error
        if file.refusal is not None:
            raise file.refusal
        return video


class _LenientFile(ArchiveFile):
    """Ends where the store refuses, and keeps the refusal: FFmpeg cannot pass it on whole."""

    refusal: StoreUnavailable | None = None

    def readinto(self, buffer: Any) -> int:
        if self.refusal is not None:
            return 0
        try:
            return super().readinto(buffer)
        except StoreUnavailable as error:
            self.refusal = error
            return 0


@define
class _Tally:
    """What was seen of the pictures so far."""

    pictures: int = 0
    undecodable: int = 0
    first_undecodable_at_s: float | None = None
    begins_with_keyframe: bool = False
    begins_at_s: float = float("inf")
    ends_at_s: float = float("-inf")

    def take(self, packet: "av.Packet[VideoStream]") -> None:
        """Decode a packet: one picture, or the call for those that are held back."""
        if packet.size:
            self._note(packet)
        try:
            is_whole = not packet.is_corrupt
            for picture in packet.decode():
                is_whole = is_whole and not picture.is_corrupt
        except av.FFmpegError:
            is_whole = False
        if not is_whole:
            self.undecodable += 1
            if self.first_undecodable_at_s is None:
                self.first_undecodable_at_s = max(0.0, _start_s(packet) - self.begins_at_s)

    def _note(self, packet: "av.Packet[VideoStream]") -> None:
        if not self.pictures:
            self.begins_with_keyframe = packet.is_keyframe
        self.pictures += 1
        start_s = _start_s(packet)
        length_s = float((packet.duration or 0) * packet.time_base)
        self.begins_at_s = min(self.begins_at_s, start_s)
        self.ends_at_s = max(self.ends_at_s, start_s + length_s)


def _crc32(file: ArchiveFile) -> int:
    """Sum up a file, and go back to its beginning."""
    crc32 = 0
    while chunk := file.read(CHUNK_BYTES):
        crc32 = zlib.crc32(chunk, crc32)
    file.seek(0)
    return crc32


def _measure(file: ArchiveFile, crc32: int) -> MeasuredVideo:
    with av.open(cast("Any", file), format="mp4", buffer_size=CHUNK_BYTES) as container:
        stream = container.streams.video[0]
        codec = cast("VideoCodecContext | None", stream.codec_context)
        if codec is None:  # as PyAV gives it for a sample entry that FFmpeg does not know
            raise DataLost("its video is no readable MP4: nobody knows how its pictures are coded")
        codec.options = {"err_detect": "explode"}
        codec.thread_count = 1
        tally = _Tally()
        for packet in container.demux(stream):
            tally.take(packet)
        return MeasuredVideo(
            duration_s=max(0.0, tally.ends_at_s - tally.begins_at_s),
            resolution=f"{codec.width}x{codec.height}",
            codec=codec.name,
            pictures=tally.pictures,
            announced_pictures=stream.frames,
            begins_with_keyframe=tally.begins_with_keyframe,
            crc32=crc32,
            undecodable=tally.undecodable,
            first_undecodable_at_s=tally.first_undecodable_at_s,
        )


def _start_s(packet: "av.Packet[VideoStream]") -> float:
    """When a picture is shown; 0 for a packet that has no time."""
    return 0.0 if packet.pts is None else float(packet.pts * packet.time_base)
