"""A video out of the archive, piece by piece, so that memory stays small whatever its length.

Every piece opens the store, reads and closes it (`Archive.read_video`): a handle held
while a browser plays would block the writer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from surveil_adapters.archive_file import ArchiveFile
from surveil_core.errors import DataLost
from surveil_core.ports.archive import Archive, MediaRecord

CHUNK_BYTES = 256 * 1024
"""What one piece has at most: a second of 720p video, about."""


async def iterate_chunks(
    archive: Archive, media_id: int, *, offset: int, length_bytes: int
) -> AsyncIterator[bytes]:
    """Yield `length_bytes` bytes of the MP4 from `offset`, read in worker threads.

    Raises `DataLost` when the video is gone or ends before that, `StoreUnavailable`.
    """
    end = offset + length_bytes
    while offset < end:
        chunk = await asyncio.to_thread(
            archive.read_video, media_id, offset=offset, length=min(CHUNK_BYTES, end - offset)
        )
        if not chunk:
            raise DataLost(f"video {media_id} ended at byte {offset} while it was being sent")
        offset += len(chunk)
        yield chunk


def iterate_annex_b(archive: Archive, media: MediaRecord) -> Iterator[bytes]:
    """Yield the pictures of a clip as raw H.264 (ITU-T H.264, annex B), nothing re-encoded.

    Raises `DataLost` when the MP4 cannot be read, `StoreUnavailable`.
    """
    # The cloud backend holds no videos and need not have PyAV installed.
    import av
    from av.bitstream import BitStreamFilterContext

    try:
        file = ArchiveFile(archive, media.media_id, size_bytes=media.clip_bytes)
        with av.open(cast("Any", file), format="mp4") as container:
            stream = container.streams.video[0]
            to_annex_b = BitStreamFilterContext("h264_mp4toannexb", stream)
            for packet in container.demux(stream):
                for picture in to_annex_b.filter(packet if packet.size else None):
                    yield bytes(picture)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise DataLost(f"video {media.media_id} is no readable MP4: {error}") from error
