"""A folder of exported videos, which others write as well."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from surveil_adapters.clip_folder import ClipFolder, Saved
from surveil_core.errors import StoreUnavailable

VIDEO = (b"first half, ", b"second half")
NAME = "clip.mp4"


def save(folder: Path, chunks: Iterator[bytes] | tuple[bytes, ...] = VIDEO) -> Saved:
    """Export a video."""
    return ClipFolder(folder).save(NAME, chunks, size_bytes=23, started_at_utc=None)


def test_two_exports_at_once_make_one_whole_file(tmp_path: Path) -> None:
    """The second one says that the first is at it, and does no harm."""

    def chunks() -> Iterator[bytes]:
        yield VIDEO[0]
        with pytest.raises(StoreUnavailable, match=r"another program writes .*clip\.mp4\.part"):
            save(tmp_path, (b"torn",))
        yield VIDEO[1]

    assert save(tmp_path, chunks()) is Saved.NEW
    assert (tmp_path / NAME).read_bytes() == b"".join(VIDEO)
    assert [file.name for file in tmp_path.iterdir()] == [NAME]
    assert save(tmp_path) is Saved.KNOWN


def test_part_of_an_interrupted_export_is_replaced(tmp_path: Path) -> None:
    """However long it is."""
    (tmp_path / f"{NAME}.part").write_bytes(bytes(1000))
    assert save(tmp_path) is Saved.NEW
    assert (tmp_path / NAME).read_bytes() == b"".join(VIDEO)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """Whoever may write to the folder may lay one there."""
    mine = tmp_path / "mine"
    mine.write_bytes(b"mine")
    (tmp_path / f"{NAME}.part").symlink_to(mine)
    with pytest.raises(StoreUnavailable, match="is no file that we left: remove it"):
        save(tmp_path)
    assert mine.read_bytes() == b"mine"


def test_nothing_waits_for_a_reader_of_a_pipe(tmp_path: Path) -> None:
    """It would wait for ever."""
    os.mkfifo(tmp_path / f"{NAME}.part")
    with pytest.raises(StoreUnavailable, match="is no file that we left: remove it"):
        save(tmp_path)


def test_file_that_is_made_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """By whatever program; what was written goes."""

    def chunks() -> Iterator[bytes]:
        yield VIDEO[0]
        (tmp_path / NAME).write_bytes(b"mine")

    with pytest.raises(StoreUnavailable, match="has been made meanwhile"):
        save(tmp_path, chunks())
    assert (tmp_path / NAME).read_bytes() == b"mine"
    assert [file.name for file in tmp_path.iterdir()] == [NAME]
