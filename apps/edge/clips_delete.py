"""`clips delete`: what a person gives up, and the space that it took."""

import sys
from collections.abc import Sequence

from apps.edge.clips_words import counted, human_size
from surveil_adapters.console.progress import ProgressBar
from surveil_core.errors import ConfigurationError, StoreUnavailable
from surveil_core.ports.clock import Clock
from surveil_core.ports.video_stock import GivenUp, VideoStock
from surveil_core.retention import KeptVideo

REASON = "deleted by hand"
_PINNED = "is pinned and stays; `clips unpin {media_id}`"
_ALL_BYTES = 2**63 - 1


def delete_clips(
    stock: VideoStock, media_ids: Sequence[int], *, clock: Clock, is_sure: bool
) -> bool:
    """Delete clips that are not pinned, after asking. True if all of them are gone.

    One that cannot be deleted is told, and the others are. Raises `ConfigurationError` when
    nobody can be asked, and `StoreUnavailable` when it cannot be read what there is.
    """
    may_go, is_done = _choose(stock, media_ids)
    size = human_size(sum(video.video_bytes for video in may_go))
    if not may_go:
        sys.stdout.write("nothing was deleted\n")
        return is_done
    if not is_sure and not _confirm(f"Delete {counted(len(may_go))}, {size}, for good?"):
        sys.stdout.write("nothing was deleted\n")
        return False
    deleted_bytes, given_bytes, are_gone = _delete(stock, may_go)
    try:
        up_to_bytes = max(0, deleted_bytes - given_bytes)
        given_bytes += _give_space_back(stock, clock, up_to_bytes=up_to_bytes)
    except StoreUnavailable as error:
        sys.stdout.write(f"not all space was given back, the next videos fill it: {error}\n")
        return False
    sys.stdout.write(f"{human_size(given_bytes)} given back to the disk\n")
    return is_done and are_gone


def _choose(stock: VideoStock, media_ids: Sequence[int]) -> tuple[Sequence[KeptVideo], bool]:
    kept = {video.media_id: video for video in stock.oldest_first()}
    may_go = []
    for media_id in media_ids:
        video = kept.get(media_id)
        if video is None:
            sys.stdout.write(f"clip {media_id}: there is none; `clips list` names them\n")
        elif video.is_pinned:
            sys.stdout.write(f"clip {media_id}: {_PINNED.format(media_id=media_id)}\n")
        else:
            may_go.append(video)
    return may_go, len(may_go) == len(media_ids)


def _delete(stock: VideoStock, videos: Sequence[KeptVideo]) -> tuple[int, int, bool]:
    """Delete each in a transaction of its own, so that none holds up a service for long.

    Returns how many bytes it deleted, how many of them the disk has back already, and whether
    all videos are gone.
    """
    deleted_bytes, given_bytes, are_gone = 0, 0, True
    with ProgressBar("deleting", total=len(videos), unit="clips") as bar:
        for video in videos:
            try:
                given_up = stock.give_up([video.media_id], reason=REASON)
                given_bytes += given_up.freed_bytes
                deleted_bytes += _deleted_bytes(video, given_up)
                is_gone, words = _outcome(stock, video.media_id, given_up)
            except StoreUnavailable as error:
                is_gone, words = False, f"not deleted: {error}"
            bar.say(f"clip {video.media_id}: {words}")
            are_gone &= is_gone
            bar.advance()
    return deleted_bytes, given_bytes, are_gone


def _deleted_bytes(video: KeptVideo, given_up: GivenUp) -> int:
    """Say what the disk has back or is to get back from the database: nothing of a file."""
    if not given_up.media_ids or given_up.files_stay_because is not None:
        return 0
    return video.video_bytes


def _outcome(stock: VideoStock, media_id: int, given_up: GivenUp) -> tuple[bool, str]:
    """Say what became of a clip, which may have been pinned since it was looked at."""
    if given_up.files_stay_because is not None:
        return False, f"deleted; its file stays for now: {given_up.files_stay_because}"
    if given_up.media_ids:
        return True, "deleted"
    if any(video.media_id == media_id for video in stock.oldest_first()):
        return False, _PINNED.format(media_id=media_id)
    return True, "has made room meanwhile"


def _confirm(question: str) -> bool:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "clips delete: nobody can be asked here; --yes deletes without asking"
        )
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes", "o", "oui"}


def _give_space_back(stock: VideoStock, clock: Clock, *, up_to_bytes: int) -> int:
    """Shorten the file by steps, as long again leaving it to the services after each.

    What others have left free in the file is theirs to fill.
    """
    left_bytes = stock.space().hollow_bytes
    given_bytes = 0
    total_bytes = min(left_bytes, up_to_bytes)
    with ProgressBar("giving space back", total=total_bytes, unit="bytes") as bar:
        while left_bytes and given_bytes < up_to_bytes:
            began_s = clock.monotonic_s()
            now_left_bytes = stock.give_space_back(up_to_free_bytes=_ALL_BYTES)
            if now_left_bytes >= left_bytes:
                break  # a service deletes as well, and will need the space
            given_bytes += left_bytes - now_left_bytes
            bar.advance(left_bytes - now_left_bytes)
            left_bytes = now_left_bytes
            clock.wait_s(clock.monotonic_s() - began_s)
    return given_bytes
