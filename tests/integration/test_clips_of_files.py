"""`clips` where videos lie in files: the same lines, and what files add."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from tests.clips import make_mp4
from tests.integration.stored_clips import SIZE, change, event_of, file_of, files_of, store_clips
from tests.rig.programs import program

CLIPS = 3


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three seconds of a test pattern."""
    return make_mp4(tmp_path_factory.mktemp("footage"), duration_s=3, size=SIZE).read_bytes()


@pytest.fixture
def db(data_dir: Path, mp4: bytes) -> SurveillanceDb:
    """Store clips 1 to 3, each in a file."""
    return store_clips(data_dir, mp4, clips=CLIPS, place="files")


def clips(db: SurveillanceDb, *arguments: str) -> tuple[int, list[str]]:
    """Type a command, without saying where videos go; returns its exit code and its lines."""
    settings = {"STORAGE__DATA_DIR": db.path.parent}
    with program("apps.edge", "clips", *arguments, settings=settings) as running:
        code = running.process.wait(60)
    return code, running.lines


def overwrite(path: Path, offset: int, new: bytes) -> None:
    """Put other bytes into a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(new)


DAMAGES: dict[str, tuple[Callable[[Path, bytes], None], str, str]] = {
    "one byte": (
        lambda path, mp4: overwrite(path, len(mp4) // 2, bytes([mp4[len(mp4) // 2] ^ 1])),
        "its bytes are not those that were stored (CRC-32)",
        "`clips delete 2` removes it",
    ),
    "lost head": (
        lambda path, mp4: overwrite(path, 0, bytes(2000)),
        "its video is no readable MP4",
        "`clips delete 2` removes it",
    ),
    "cut file": (
        lambda path, mp4: os.truncate(path, len(mp4) // 2),
        "taille is ",
        "keeps what still plays",
    ),
    "missing file": (
        lambda path, mp4: path.unlink(),
        "is not there",
        "put the file back there if it was moved, or from a copy; else `clips delete 2`",
    ),
}
"""How the file of clip 2 is damaged, what is said about it, and what is advised."""


def test_sound_files_are_sound(db: SurveillanceDb) -> None:
    """And the database."""
    assert clips(db, "check") == (
        0,
        [f"{db.path}: sound", f"{CLIPS} clips checked: {CLIPS} sound, 0 damaged"],
    )


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_named(db: SurveillanceDb, mp4: bytes, damage: str) -> None:
    """With the clip, its event, what is wrong, and what to do; the others are sound."""
    make, fault, advice = DAMAGES[damage]
    make(file_of(db, 2), mp4)
    code, lines = clips(db, "check")
    assert code == 1
    [line] = [line for line in lines if line.startswith("clip ")]
    assert line.startswith(f"clip 2 ({event_of(2)}): ")
    assert fault in line
    assert advice in line.partition("; next: ")[2]
    assert lines[-1] == f"{CLIPS} clips checked: {CLIPS - 1} sound, 1 damaged"


def test_files_of_no_clip_are_told(db: SurveillanceDb) -> None:
    """They are no damage, and nothing touches them."""
    stranger = db.path.parent / "videos" / "mine.mp4"
    stranger.touch()
    code, lines = clips(db, "check")
    assert code == 0
    assert lines[1].startswith(f"1 file of no clip: {stranger}; ")
    assert stranger.exists()


def test_export_copies_them(db: SurveillanceDb, mp4: bytes, tmp_path: Path) -> None:
    """All but the one that is not there, which is told."""
    file_of(db, 2).unlink()
    code, lines = clips(db, "export", "all", "--to", str(tmp_path / "out"))
    assert code == 1
    assert [line.rpartition(", ")[2] for line in (lines[0], lines[2])] == ["written", "written"]
    assert lines[1].startswith("clip 2: not exported: ")
    assert "is not there; put it back" in lines[1]
    assert [file.read_bytes() for file in (tmp_path / "out").iterdir()] == [mp4, mp4]


def test_list_and_pin_know_no_difference(db: SurveillanceDb) -> None:
    """A clip is a clip."""
    assert clips(db, "pin", "2") == (0, ["clip 2: pinned"])
    _, lines = clips(db, "list")
    assert ["pinned" in line for line in lines[1:4]] == [False, True, False]
    assert lines[-1].startswith(f"{CLIPS} clips, ")


def test_delete_removes_the_files(db: SurveillanceDb) -> None:
    """But for the pinned one; one that is lost can be deleted as well."""
    clips(db, "pin", "2")
    file_of(db, 1).unlink()
    code, lines = clips(db, "delete", "all", "--yes")
    assert code == 1
    assert lines[:3] == [
        "clip 2: is pinned and stays; `clips unpin 2`",
        "clip 1: deleted",
        "clip 3: deleted",
    ]
    assert lines[-1].endswith(" KiB given back to the disk")
    assert files_of(db) == [file_of(db, 2).name]
    assert clips(db, "check")[0] == 0


def test_row_that_is_lost_leaves_the_file(db: SurveillanceDb, mp4: bytes) -> None:
    """Whoever deletes from `media` by hand, as sqlite3 does, loses no video by it."""
    path = file_of(db, 2)
    change(db, "DELETE FROM media WHERE id_media = 2")
    code, lines = clips(db, "check")
    assert code == 1
    assert any(
        "rows of fichier_media refer to rows of media that are not there" in x for x in lines
    )
    assert path.read_bytes() == mp4
