"""What lies in the spool of one clip: a raw stream, its index, and the MP4 made of them."""

from array import array
from contextlib import suppress
from itertools import compress
from pathlib import Path

from attrs import define, evolve, field

from surveil_adapters.libav import process
from surveil_adapters.libav.samples import Samples
from surveil_adapters.spool.index import ClipIndex
from surveil_adapters.spool.reading import INDEX_SUFFIX, ClipReader, OpenFile, open_to_read
from surveil_adapters.spool.room import FreeBytes, check_room, free_bytes
from surveil_adapters.spool.wrapping import Run, WrappedClip, wrap
from surveil_core.errors import DataLost, StoreUnavailable
from surveil_core.ports.camera import Clip, VideoFile
from surveil_core.ports.spool import ClipLabel, FilmedEvent, MadeVideo, mp4_room_bytes
from surveil_core.video import VideoFormat

VIDEO_SUFFIX = ".mp4"
ASIDE = "set_aside"
"""The folder for clips that are a person's to look at, beside the others."""


@define(kw_only=True)
class DiskSpooledClip:
    """The `SpooledClip` port.

    The MP4 is made again whenever it is asked for: it may be torn, the raw stream and its
    index are checked picture by picture. A clip of another release, whose index cannot be
    read, shows no events. `run` does the work of FFmpeg's libraries.
    """

    spool_path: Path
    events: tuple[FilmedEvent, ...]
    has_pictures: bool
    cut_short: bool
    raw_bytes: int
    unread_because: str | None = None
    run: Run = field(default=process.run, repr=False)
    open_file: OpenFile = field(default=open_to_read, repr=False)
    free_bytes: FreeBytes = field(default=free_bytes, repr=False)

    @classmethod
    def found(cls, spool_path: Path, open_file: OpenFile = open_to_read) -> "DiskSpooledClip":
        """Look at what an earlier run left. Raises `StoreUnavailable`."""
        reader = ClipReader(spool_path, open_file)
        index = reader.index()
        return cls(
            spool_path=spool_path,
            events=() if index is None else index.events,
            has_pictures=index is not None and reader.count_whole(index, at_most=1) > 0,
            cut_short=index is None or not index.complete,
            raw_bytes=reader.raw_bytes(),
            unread_because=reader.unread_because,
            open_file=open_file,
        )

    def make_video(self, *, with_preview: bool = True) -> MadeVideo:
        """Wrap the pictures that are whole as a playable MP4 with the times of its source.

        Raises `StoreUnavailable`, or `DataLost` when no picture can be played.
        """
        reader = ClipReader(self.spool_path, self.open_file)
        index = reader.index()
        whole = 0 if index is None else reader.count_whole(index)
        self.unread_because = reader.unread_because or self.unread_because
        if index is None or not whole:
            raise DataLost(f"{self.spool_path} holds no whole picture, so there is no video of it")
        samples = index.samples.first(whole)
        made = self._wrap(samples, index.label, with_preview=with_preview)
        return MadeVideo(
            clip=self._describe(index, samples, made),
            preview=made.preview,
            no_preview_reason=made.no_preview_reason,
        )

    def _wrap(self, samples: Samples, label: ClipLabel, *, with_preview: bool) -> WrappedClip:
        try:
            self._check_room()
            return wrap(
                self.spool_path,
                self._video_path,
                samples,
                label,
                with_preview=with_preview,
                run=self.run,
            )
        except DataLost as error:
            raise DataLost(f"{self.spool_path} cannot be played: {error}") from error
        except StoreUnavailable as error:
            self.remove_video()
            raise StoreUnavailable(
                f"cannot make {self._video_path}: {error}; the raw video is {self.spool_path}"
            ) from error

    def _check_room(self) -> None:
        """Begin no MP4 that would fill the disk to its end. Raises `StoreUnavailable`."""
        try:
            room_bytes = mp4_room_bytes(self.raw_bytes)
            check_room(self.spool_path.parent, room_bytes, self.free_bytes)
        except OSError as error:
            raise StoreUnavailable(str(error)) from error

    def _describe(self, index: ClipIndex, samples: Samples, made: WrappedClip) -> Clip:
        until_s = index.until_s
        if until_s is None and not made.written[-1]:
            until_s = samples.times_s[-1] + 1 / index.label.format.fps
        clip = index.label.describe(
            VideoFile(path=self._video_path, size_bytes=made.size_bytes),
            stamps_s=array("d", compress(samples.times_s, made.written)),
            until_s=until_s,
            format=_with_size(index.label.format, made.width, made.height),
            salvaged=not index.complete or len(samples) < len(index.samples),
        )
        return clip if made.is_sound else evolve(clip, missing_s=clip.duration_s)

    def remove_video(self) -> None:
        """Remove the MP4, which would take the place of what makes room for it."""
        with suppress(OSError):
            self._video_path.unlink()

    def discard(self) -> None:
        """Remove all files, the one that names the events last. Raises `StoreUnavailable`."""
        try:
            for path in (self._video_path, self.spool_path, self._index_path):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"cannot remove {self.spool_path}: {error}") from error

    def set_aside(self) -> Path:
        """Move all files to `ASIDE`, and say where the raw stream is. Raises `StoreUnavailable`.

        The index goes first: a stream without one is set aside by the next run too.
        """
        folder = self.spool_path.parent / ASIDE
        try:
            folder.mkdir(exist_ok=True)
            for path in (self._index_path, self.spool_path, self._video_path):
                with suppress(FileNotFoundError):  # not each clip has each, and twice is safe
                    path.rename(folder / path.name)
        except OSError as error:
            raise StoreUnavailable(f"cannot move {self.spool_path} to {folder}: {error}") from error
        return folder / self.spool_path.name

    @property
    def _index_path(self) -> Path:
        return self.spool_path.with_suffix(INDEX_SUFFIX)

    @property
    def _video_path(self) -> Path:
        return self.spool_path.with_suffix(VIDEO_SUFFIX)


def _with_size(asked: VideoFormat, width: int, height: int) -> VideoFormat:
    """Take the size of the pictures; what was asked for, where damage made nonsense of it."""
    try:
        return evolve(asked, width=width, height=height)
    except ValueError:
        return asked
