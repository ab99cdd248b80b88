"""`clips`, typed beside a service or on a terminal, on real clips and real damage."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from surveil_adapters.sqlite.archive import SqliteArchive
from surveil_adapters.sqlite.event_store import SqliteEventStore
from surveil_adapters.sqlite.surveillance_db import SurveillanceDb
from surveil_core.errors import StoreUnavailable
from tests.clips import make_mp4
from tests.contracts.clip_jobs import film
from tests.examples import MOTION_EVENT
from tests.integration.sqlite_files import mounted_disk, query
from tests.integration.stored_clips import (
    SIZE,
    change,
    event_of,
    leaf_pages,
    overwrite_pages,
    overwrite_video,
    store_clips,
    video_page,
)
from tests.rig.programs import ROOT, program
from tests.waiting import wait_for

CLIPS = 6


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three seconds of a test pattern."""
    return make_mp4(tmp_path_factory.mktemp("footage"), duration_s=3, size=SIZE).read_bytes()


@pytest.fixture
def db(data_dir: Path, mp4: bytes) -> SurveillanceDb:
    """Store clips 1 to 6."""
    return store_clips(data_dir, mp4, clips=CLIPS)


def clips(db: SurveillanceDb, *arguments: str, min_free_bytes: int = 0) -> tuple[int, list[str]]:
    """Type a command where nobody can be asked; returns its exit code and its lines."""
    settings = {"STORAGE__DATA_DIR": db.path.parent, "STORAGE__MIN_FREE_BYTES": min_free_bytes}
    with program("apps.edge", "clips", *arguments, settings=settings) as running:
        code = running.process.wait(60)
    return code, running.lines


def kept(db: SurveillanceDb) -> list[int]:
    """Number the clips that are left."""
    return [media_id for (media_id,) in query(db.path, "SELECT id_media FROM media")]


def on_terminal(db: SurveillanceDb, *arguments: str, answer: str = "") -> tuple[int, str]:
    """Type a command on a terminal, and an answer to its question; returns what is shown."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    environment = {
        **os.environ,
        "SURVEIL_STORAGE__DATA_DIR": str(db.path.parent),
        "SURVEIL_STORAGE__MIN_FREE_BYTES": "0",
    }
    command = [sys.executable, "-m", "apps.edge", "clips", *arguments]
    running = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=its, stdout=its, stderr=its
    )
    os.close(its)
    os.write(ours, f"{answer}\n".encode())
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:
        pass  # the other side has been closed
    finally:
        os.close(ours)
    return running.wait(60), shown.decode()


DAMAGES: dict[str, tuple[Callable[[SurveillanceDb, bytes], None], str, str]] = {
    "one byte": (
        lambda db, mp4: overwrite_video(
            db, 3, offset=len(mp4) // 2, new=bytes([mp4[len(mp4) // 2] ^ 1])
        ),
        "its bytes are not those that were stored (CRC-32)",
        "`clips delete 3` removes it",
    ),
    "overwritten bytes": (
        lambda db, mp4: overwrite_video(db, 3, offset=len(mp4) // 2, new=os.urandom(4096)),
        "of 45 pictures do not decode, the first at ",
        "`clips delete 3` removes it",
    ),
    "lost head": (
        lambda db, mp4: overwrite_video(db, 3, offset=0, new=bytes(2000)),
        "its video is no readable MP4",
        "`clips delete 3` removes it",
    ),
    "cut video": (
        lambda db, mp4: change(
            db,
            "UPDATE media SET video = substr(video, 1, ?) WHERE id_media = 3",
            len(mp4) // 2,
        ),
        "taille is ",
        "keeps what still plays",
    ),
    "wrong size": (
        lambda db, mp4: change(db, "UPDATE media SET taille = 5 WHERE id_media = 3"),
        "taille is 5, video has ",
        "UPDATE media SET taille = ",
    ),
    "wrong length": (
        lambda db, mp4: change(db, "UPDATE media SET duree = 10 WHERE id_media = 3"),
        "duree is 10, its pictures last 3 s",
        "UPDATE media SET duree = 3.0 WHERE id_media = 3",
    ),
    "wrong resolution": (
        lambda db, mp4: change(db, "UPDATE media SET resolution = '1x1' WHERE id_media = 3"),
        "resolution is 1x1, they are 320x180",
        "UPDATE media SET resolution = '320x180' WHERE id_media = 3",
    ),
    "wrong codec": (
        lambda db, mp4: change(db, "UPDATE media SET codec = 'vp9' WHERE id_media = 3"),
        "codec is vp9, they are h264",
        "UPDATE media SET codec = 'h264' WHERE id_media = 3",
    ),
    "wrong start": (
        lambda db, mp4: change(db, "UPDATE media SET date_debut = 'x' WHERE id_media = 3"),
        "date_debut is no time",
        "UPDATE media SET date_debut = (SELECT date_evenement FROM evenement "
        "WHERE id_evenement = 3) WHERE id_media = 3",
    ),
    "wrong pre-roll": (
        lambda db, mp4: change(
            db,
            "UPDATE media SET duree_preroll = 99, date_debut = (SELECT date_evenement"
            " FROM evenement e WHERE e.id_evenement = media.id_evenement) WHERE id_media = 3",
        ),
        "duree_preroll is 99, the clip lasts 3 s",
        "UPDATE media SET duree_preroll = (SELECT round(",
    ),
    "wrong camera": (
        lambda db, mp4: change(db, "UPDATE media SET numero_camera = -5 WHERE id_media = 3"),
        "numero_camera is -5, cameras count from 1",
        "UPDATE media SET numero_camera = 1 WHERE id_media = 3",
    ),
    "missing link": (
        lambda db, mp4: change(db, "DELETE FROM media_evenement WHERE id_media = 3"),
        "media_evenement does not link it to its event, row 3",
        "INSERT INTO media_evenement VALUES (3, 3)",
    ),
}
"""How clip 3 is damaged, what is said about it, and what is advised."""


class TestList:
    def test_a_table_for_people(self, db: SurveillanceDb) -> None:
        """The newest first, with what a person wants to know, and the sum."""
        change(db, "UPDATE media SET recupere = 1 WHERE id_media = 5")
        change(db, "INSERT INTO epingle_media (id_media) VALUES (5)")
        change(
            db, "UPDATE tournage SET retard_debut = 1.31, duree_manquante = 4 WHERE id_media = 5"
        )
        code, lines = clips(db)
        assert code == 0
        assert " ".join(lines[0].split()) == "id start duration pre-roll size marks events"
        started = MOTION_EVENT.occurred_at_utc.astimezone()
        newest, second = lines[1], lines[2]
        assert newest.split()[0] == str(CLIPS)
        assert f"{started:%Y-%m-%d %H:%M}:42 {started:%Z}" in newest
        assert "3.0 s" in newest
        assert "1.0 s" in newest
        assert "KiB" in newest
        assert newest.endswith(event_of(CLIPS))
        assert "pinned, salvaged, begins 1.3 s late, lacks 4.0 s" in second
        assert lines[-1].startswith(f"{CLIPS} clips, ")
        assert len(lines) == CLIPS + 2

    def test_a_part_with_the_sum_of_all(self, db: SurveillanceDb) -> None:
        """By number or by event."""
        _, lines = clips(db, "list", "--limit", "2")
        assert [line.split()[0] for line in lines[1:3]] == ["6", "5"]
        assert lines[3].startswith("6 clips, ")
        assert "the newest 2 are shown" in lines[3]
        _, lines = clips(db, "list", "--event", event_of(4))
        assert [line.split()[0] for line in lines[1:]] == ["4", "1"]

    def test_json_for_scripts(self, db: SurveillanceDb, mp4: bytes) -> None:
        """One object a line, and nothing else."""
        code, lines = clips(db, "list", "--json", "--limit", "2")
        documents = [json.loads(line) for line in lines]
        assert code == 0
        assert [document["media_id"] for document in documents] == [6, 5]
        assert documents[0] == {
            "media_id": 6,
            "event_ids": [event_of(6)],
            "started_at": "2025-01-15T14:30:42.123456Z",
            "duration_s": 3.0,
            "pre_roll_s": 1.0,
            "start_delay_s": 0.0,
            "missing_s": 0.0,
            "clip_bytes": len(mp4),
            "resolution": SIZE,
            "codec": "h264",
            "camera_number": 1,
            "camera_name": "Caméra 1",
            "pinned": False,
            "salvaged": False,
            "damaged": False,
        }

    def test_an_empty_database_has_a_sum_too(self, db: SurveillanceDb) -> None:
        """And no table."""
        change(db, "DELETE FROM media")
        assert clips(db) == (0, ["0 clips, 0 bytes"])

    @pytest.mark.parametrize("limit", ["0", "-1", "10001", "many", "00000000199", "9" * 99])
    def test_its_length_is_bounded(self, db: SurveillanceDb, limit: str) -> None:
        """Wrong usage says what is allowed."""
        code, lines = clips(db, "list", f"--limit={limit}")
        assert code == 2
        assert "expected 1 to 10000" in lines[-1]

    def test_without_a_database_says_what_is_missing(self, tmp_path: Path) -> None:
        """And makes none."""
        path = tmp_path / "surveillance.db"
        code, lines = clips(SurveillanceDb(path=path, sensors=()))
        assert code == 2
        assert f"there is no {path}" in lines[-1]
        assert "SURVEIL_STORAGE__DATA_DIR" in lines[-1]
        assert not path.exists()

    def test_a_damaged_row_is_marked(self, db: SurveillanceDb) -> None:
        """It hides no other, and the list says all that it can of it."""
        change(db, "UPDATE media SET date_debut = 'x', taille = 'y' WHERE id_media = 5")
        change(db, "UPDATE media SET duree = 'z', numero_camera = 'w' WHERE id_media = 4")
        code, lines = clips(db)
        assert code == 0
        assert [line.split()[0] for line in lines[1:-1]] == ["6", "5", "4", "3", "2", "1"]
        assert "unknown" in lines[2]
        assert ["damaged" in line for line in lines[1:-1]] == [False, True, True, *[False] * 3]
        document = json.loads(clips(db, "list", "--json", "--limit", "2")[1][1])
        assert (document["started_at"], document["damaged"]) == (None, True)


class TestExport:
    def test_each_clip_becomes_a_file(self, db: SurveillanceDb, mp4: bytes, tmp_path: Path) -> None:
        """With its bytes, its name and its time; again it changes nothing."""
        folder = tmp_path / "usb" / "evidence"
        for words in ("written", "there already"):
            code, lines = clips(db, "export", "all", "--to", str(folder))
            assert code == 0
            assert [line.endswith(words) for line in lines] == [True] * CLIPS
            files = sorted(folder.iterdir())
            assert [file.name for file in files] == [
                f"clip_{n}_20250115T143042Z_{event_of(n)}.mp4" for n in range(1, CLIPS + 1)
            ]
            for file in files:
                assert file.read_bytes() == mp4
                at_utc = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                assert f"{at_utc:%Y-%m-%d %H:%M:%S}" == "2025-01-15 14:30:42"

    def test_another_file_is_never_overwritten(self, db: SurveillanceDb, tmp_path: Path) -> None:
        """It is told, and the others are exported."""
        mine = tmp_path / f"clip_1_20250115T143042Z_{event_of(1)}.mp4"
        mine.write_bytes(b"mine")
        code, lines = clips(db, "export", "1", "2", "--to", str(tmp_path))
        assert code == 1
        assert "clip 1: not exported: " in lines[0]
        assert "is another file; move it away" in lines[0]
        assert lines[1].startswith("clip 2: ")
        assert mine.read_bytes() == b"mine"

    def test_names_are_safe(self, db: SurveillanceDb, tmp_path: Path) -> None:
        """An event's id comes from the network."""
        change(db, "UPDATE evenement SET event_id = '../../etc/pass wd' WHERE id_evenement = 1")
        assert clips(db, "export", "1", "--to", str(tmp_path / "out"))[0] == 0
        [file] = (tmp_path / "out").iterdir()
        assert file.name == "clip_1_20250115T143042Z_.._.._etc_pass_wd.mp4"

    def test_full_disk_leaves_no_torn_file(self, db: SurveillanceDb, tmp_path: Path) -> None:
        """What does not fit is told, and what fits is there."""
        with mounted_disk(tmp_path / "stick", size="400k") as stick:
            code, lines = clips(db, "export", "all", "--to", str(stick))
            written = sorted(stick.iterdir())
        assert code == 1
        assert 1 <= len(written) < CLIPS
        assert all(file.suffix == ".mp4" for file in written)
        assert "No space left on device; make room there" in lines[-1]

    def test_stored_videos_do_not_go_for_their_copies(
        self, db: SurveillanceDb, mp4: bytes, tmp_path: Path
    ) -> None:
        """On their own disk a copy must leave room for more; on another one it need not."""
        with mounted_disk(tmp_path / "card", size="4m") as card:
            path = shutil.copy(db.path, card)
            stored = SurveillanceDb(path=Path(path), sensors=())
            free_bytes = shutil.disk_usage(card).free
            wanted_bytes = free_bytes - 4 * len(mp4) - 50_000
            out = str(card / "out")
            code, lines = clips(stored, "export", "all", "--to", out, min_free_bytes=wanted_bytes)
            assert code == 1
            assert [line.endswith("written") for line in lines] == [True] * 3 + [False] * 3
            assert all("stored videos would have to go" in line for line in lines[3:])
            assert all(line.endswith("name a folder on another disk") for line in lines[3:])
            again = clips(stored, "export", "1", "--to", out, min_free_bytes=wanted_bytes)
            assert again[1][0].endswith("there already")
            out = str(tmp_path / "out")
            assert clips(stored, "export", "4", "--to", out, min_free_bytes=wanted_bytes)[0] == 0

    def test_what_is_no_folder_is_wrong_usage(self, db: SurveillanceDb, tmp_path: Path) -> None:
        """Such as a file of that name."""
        (tmp_path / "file").touch()
        code, lines = clips(db, "export", "1", "--to", str(tmp_path / "file"))
        assert (code, "--to must name a folder" in lines[-1]) == (2, True)

    def test_clip_of_a_damaged_row_is_exported_and_deleted(
        self, db: SurveillanceDb, mp4: bytes, tmp_path: Path
    ) -> None:
        """Its video is whole."""
        change(db, "UPDATE media SET date_debut = 'x' WHERE id_media = 2")
        assert clips(db, "export", "all", "--to", str(tmp_path / "out"))[0] == 0
        file = tmp_path / "out" / f"clip_2_unknown-time_{event_of(2)}.mp4"
        assert file.read_bytes() == mp4
        assert clips(db, "delete", "2", "--yes")[0] == 0
        assert 2 not in kept(db)

    @pytest.mark.parametrize(
        ("lost", "event"),
        [
            ("DROP TABLE somme_media; DROP TABLE apercu;", event_of(2)),
            ("ALTER TABLE media DROP COLUMN recupere; PRAGMA user_version = 2;", event_of(2)),
            ("DROP TABLE media_evenement", "no-event"),
            ("DROP INDEX media_par_evenement", event_of(2)),
        ],
    )
    def test_clips_of_an_old_or_incomplete_file_are_rescued(
        self, db: SurveillanceDb, mp4: bytes, tmp_path: Path, lost: str, event: str
    ) -> None:
        """By what it has; nothing is changed in it."""
        with closing(sqlite3.connect(db.path)) as connection:
            connection.executescript(lost)
        before = db.path.read_bytes()
        code, lines = clips(db, "export", "all", "--to", str(tmp_path / "out"))
        assert code == 0, lines
        assert len(lines) == CLIPS
        file = tmp_path / "out" / f"clip_2_20250115T143042Z_{event}.mp4"
        assert file.read_bytes() == mp4
        assert db.path.read_bytes() == before

    def test_unknown_clip_is_told(self, db: SurveillanceDb, tmp_path: Path) -> None:
        """The others are exported."""
        code, lines = clips(db, "export", "99", "2", "--to", str(tmp_path))
        assert code == 1
        assert lines[0] == "clip 99: there is none; `clips list` names them"
        assert lines[1].endswith("written")


class TestPin:
    def test_pins_are_set_and_taken(self, db: SurveillanceDb) -> None:
        """And listed."""
        assert clips(db, "pin", "2", "3", "2") == (0, ["clip 2: pinned", "clip 3: pinned"])
        assert clips(db, "unpin", "3") == (0, ["clip 3: not pinned any more"])
        records = SqliteArchive(db.path).list_media(limit=10)
        assert [record.media_id for record in records if record.pinned] == [2]

    def test_wrong_names_do_nothing(self, db: SurveillanceDb) -> None:
        """A number that is no clip fails; what is no number is wrong usage."""
        assert clips(db, "pin", "99") == (1, ["clip 99: there is none; `clips list` names them"])
        code, lines = clips(db, "pin", "1", "evt-1")
        assert (code, "clip is 'evt-1', expected a number" in lines[-1]) == (2, True)
        assert not any(record.pinned for record in SqliteArchive(db.path).list_media(limit=10))


class TestDelete:
    def test_events_keep_the_reason_and_the_disk_gets_its_space(self, db: SurveillanceDb) -> None:
        """As when retention deletes."""
        before_bytes = db.path.stat().st_size
        code, lines = clips(db, "delete", "all", "--yes")
        assert code == 0
        assert lines[0] == "clip 1: deleted"
        assert "given back to the disk" in lines[-1]
        assert kept(db) == []
        reasons = query(db.path, "SELECT DISTINCT raison_abandon FROM travail_clip")
        assert reasons == [("deleted by hand",)]
        assert db.path.stat().st_size < before_bytes / 4
        assert query(db.path, "PRAGMA integrity_check") == [("ok",)]

    def test_pinned_clip_stays(self, db: SurveillanceDb) -> None:
        """And it is told how to let it go."""
        clips(db, "pin", "2")
        code, lines = clips(db, "delete", "1", "2", "--yes")
        assert code == 1
        assert lines[0] == "clip 2: is pinned and stays; `clips unpin 2`"
        assert kept(db) == [2, 3, 4, 5, 6]
        clips(db, "unpin", "2")
        assert clips(db, "delete", "2", "--yes")[0] == 0

    def test_clip_with_a_lost_page_can_be_deleted(self, db: SurveillanceDb, mp4: bytes) -> None:
        """SQLite knows what follows from its pointer map; the file is sound after that."""
        piece = mp4[len(mp4) // 2 : len(mp4) // 2 + 40]
        overwrite_pages(db, [video_page(db, piece)], new=b"\xff\xff\xff\xff")
        code, lines = clips(db, "delete", "all", "--yes")
        assert (code, kept(db)) == (0, []), lines
        assert clips(db, "check")[0] == 0

    def test_clip_beside_a_lost_row_can_be_deleted(self, tmp_path: Path) -> None:
        """Of the one that is lost it is said why it stays."""
        db = store_clips(tmp_path / "lost", os.urandom(50_000 + 2_800), clips=9)
        overwrite_pages(db, [leaf_pages(db, "media")[4]], new=b"\xff" * 100)
        code, lines = clips(db, "delete", "1", "5", "--yes")
        assert code == 1
        assert "clip 1: deleted" in lines
        assert any(x.startswith("clip 5: not deleted: ") and "damaged" in x for x in lines), lines

    def test_nothing_is_deleted_unasked(self, db: SurveillanceDb) -> None:
        """Where nobody can be asked, a word is needed."""
        code, lines = clips(db, "delete", "1")
        assert (code, "--yes deletes without asking" in lines[-1]) == (2, True)
        assert len(kept(db)) == CLIPS

    @pytest.mark.parametrize(("answer", "left"), [("n", CLIPS), ("", CLIPS), ("y", CLIPS - 1)])
    def test_a_terminal_asks(self, db: SurveillanceDb, answer: str, left: int) -> None:
        """Only a yes is one."""
        code, shown = on_terminal(db, "delete", "1", answer=answer)
        assert "Delete 1 clip, " in shown
        assert "for good? [y/N]" in shown
        assert (code == 0) == (left < CLIPS)
        assert len(kept(db)) == left

    def test_a_service_goes_on_meanwhile(self, db: SurveillanceDb) -> None:
        """Events are stored between the steps, a hundred a second, and none is refused."""
        stop = threading.Event()
        failures: list[StoreUnavailable] = []

        def write() -> None:
            with closing(SqliteEventStore(db)) as events:
                for number in count(1000):
                    if stop.wait(0.01):
                        return
                    try:
                        events.add_events([film(number)])
                    except StoreUnavailable as error:
                        failures.append(error)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            code, lines = clips(db, "delete", "all", "--yes")
        finally:
            stop.set()
            writer.join()
        assert (code, failures) == (0, []), lines
        assert kept(db) == []
        assert query(db.path, "SELECT count(*) FROM evenement")[0][0] > CLIPS + 2
        assert query(db.path, "PRAGMA integrity_check") == [("ok",)]


class TestCheck:
    def test_sound_database_is_sound(self, db: SurveillanceDb) -> None:
        """Every clip and the file."""
        assert clips(db, "check") == (
            0,
            [f"{db.path}: sound", f"{CLIPS} clips checked: {CLIPS} sound, 0 damaged"],
        )

    @pytest.mark.parametrize("damage", DAMAGES)
    def test_each_damage_is_named(self, db: SurveillanceDb, mp4: bytes, damage: str) -> None:
        """With the clip, its event, what is wrong, and what to do; the others are sound."""
        make, fault, advice = DAMAGES[damage]
        make(db, mp4)
        code, lines = clips(db, "check")
        assert code == 1
        [line] = [line for line in lines if line.startswith("clip ")]
        assert line.startswith(f"clip 3 ({event_of(3)}): ")
        assert fault in line
        assert advice in line.partition("; next: ")[2]
        assert lines[-1] == f"{CLIPS} clips checked: {CLIPS - 1} sound, 1 damaged"

    @pytest.mark.parametrize(
        "damage",
        [
            "wrong size",
            "wrong length",
            "wrong start",
            "wrong pre-roll",
            "wrong camera",
            "missing link",
        ],
    )
    def test_the_sql_of_the_advice_mends_the_row(
        self, db: SurveillanceDb, mp4: bytes, damage: str
    ) -> None:
        """As it is printed."""
        DAMAGES[damage][0](db, mp4)
        [line] = [line for line in clips(db, "check")[1] if line.startswith("clip ")]
        sql = line.partition("by the SQL: ")[2]
        subprocess.run(["sqlite3", str(db.path), sql], check=True, timeout=10)
        assert clips(db, "check")[0] == 0

    def test_what_a_hand_left_over_can_be_removed(self, db: SurveillanceDb, tmp_path: Path) -> None:
        """By the SQL that is printed; the clips that are there can be had meanwhile."""
        with closing(sqlite3.connect(db.path)) as connection, connection:
            connection.execute("DELETE FROM media WHERE id_media IN (2, 5)")
        assert clips(db, "export", "all", "--to", str(tmp_path / "out"))[0] == 0
        code, lines = clips(db, "check")
        assert code == 1
        told = [line for line in lines if line.startswith("clip ")]
        assert [line.split()[1] for line in told] == ["2", "5"]
        for line in told:
            sql = line.partition("remove them by the SQL: ")[2]
            subprocess.run(["sqlite3", str(db.path), sql], check=True, timeout=10)
        assert clips(db, "check") == (
            0,
            [f"{db.path}: sound", "4 clips checked: 4 sound, 0 damaged"],
        )

    def test_lost_event_is_named(self, db: SurveillanceDb) -> None:
        """For the clip and for the file."""
        change(db, "DELETE FROM evenement WHERE id_evenement = 3")
        code, lines = clips(db, "check")
        assert code == 1
        assert any("rows of media refer to rows of evenement" in line for line in lines)
        [line] = [line for line in lines if line.startswith("clip ")]
        assert line.startswith("clip 3 (no event): its event, row 3 of evenement, is gone; next: ")

    def test_lost_page_of_a_video_is_named(
        self, db: SurveillanceDb, mp4: bytes, tmp_path: Path
    ) -> None:
        """The page that said where the video goes on; the other clips can still be had."""
        piece = mp4[len(mp4) // 2 : len(mp4) // 2 + 40]
        overwrite_pages(db, [video_page(db, piece)], new=b"\xff\xff\xff\xff")
        code, lines = clips(db, "check")
        assert code == 1
        told = [line for line in lines if line.startswith(f"{db.path}: ")]
        assert 2 <= len(told) <= 11
        assert "faults; next: mend or delete the damaged clips named below" in told[-1]
        [line] = [line for line in lines if line.startswith("clip ")]
        assert "its video cannot be read: " in line or "(CRC-32)" in line
        assert lines[-1] == f"{CLIPS} clips checked: {CLIPS - 1} sound, 1 damaged"
        code, lines = clips(db, "export", "all", "--to", str(tmp_path / "out"))
        assert code == 1
        assert len([line for line in lines if line.endswith("written")]) == CLIPS - 1

    def test_lost_page_of_rows_is_named(
        self, db: SurveillanceDb, mp4: bytes, tmp_path: Path
    ) -> None:
        """The clips of other pages are checked and exported all the same."""
        leaves = leaf_pages(db, "media")
        overwrite_pages(db, [leaves[len(leaves) // 2]], new=os.urandom(4096))
        code, lines = clips(db, "check")
        assert code == 1
        lost = [line for line in lines if line.startswith("clip ")]
        assert 1 <= len(lost) < CLIPS
        assert all("its row cannot be read: " in line for line in lost)
        assert all(event_of(int(line.split()[1])) in line for line in lost)
        assert lines[-1] == (
            f"{CLIPS} clips checked: {CLIPS - len(lost)} sound, {len(lost)} damaged"
        )
        code, lines = clips(db, "export", "all", "--to", str(tmp_path / "out"))
        assert code == 1
        assert len([line for line in lines if line.endswith("written")]) == CLIPS - len(lost)

    def test_only_the_named_are_checked(self, db: SurveillanceDb) -> None:
        """A number without a clip is no success."""
        change(db, "UPDATE media SET taille = 5 WHERE id_media = 3")
        assert clips(db, "check", "1", "2") == (0, ["2 clips checked: 2 sound, 0 damaged"])
        assert clips(db, "check", "3")[0] == 1
        code, lines = clips(db, "check", "99")
        assert (code, lines[0]) == (1, "clip 99: there is none; `clips list` names them")

    def test_damage_that_may_be_a_service_s_writing_is_said(
        self, db: SurveillanceDb, mp4: bytes
    ) -> None:
        """The clips are checked all the same, and the services are not kept from writing."""
        piece = mp4[len(mp4) // 2 : len(mp4) // 2 + 40]
        overwrite_pages(db, [video_page(db, piece)], new=b"\xff\xff\xff\xff")
        with closing(sqlite3.connect(db.path, isolation_level=None)) as service:
            service.execute("BEGIN IMMEDIATE")
            service.execute("UPDATE capteur SET emplacement = 'Porte'")
            code, lines = clips(db, "check")
        assert code == 1
        assert lines[0].startswith("could not be checked: ")
        assert lines[0].endswith("stop them, and check again")
        assert lines[-1] == f"{CLIPS} clips checked: {CLIPS - 1} sound, 1 damaged"

    def test_a_locked_clip_is_not_damaged(self, db: SurveillanceDb) -> None:
        """It is counted apart, without a word of deleting it."""
        with closing(sqlite3.connect(db.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            code, lines = clips(db, "check", "3")
        assert code == 1
        assert lines[0].startswith("clip 3: not checked: ")
        assert "another program is writing it" in lines[0]
        assert lines[1:] == ["0 clips checked: 0 sound, 0 damaged, 1 not checked"]
        assert not any("delete" in line for line in lines)

    def test_missing_index_hides_no_damage(self, db: SurveillanceDb) -> None:
        """It is told, and all clips are checked."""
        change(db, "DROP INDEX media_par_evenement")
        change(db, "UPDATE media SET taille = 5 WHERE id_media = 3")
        code, lines = clips(db, "check")
        assert code == 1
        assert "no such index: media_par_evenement" in lines[0]
        assert lines[-1] == f"{CLIPS} clips checked: {CLIPS - 1} sound, 1 damaged"

    def test_what_is_no_database_is_said(self, db: SurveillanceDb) -> None:
        """Without a traceback."""
        db.path.write_bytes(b"nothing of the kind" * 1000)
        code, lines = clips(db, "check")
        assert code == 1
        assert all("file is not a database" in line for line in lines[:-2])
        assert lines[-1] == "0 clips checked: 0 sound, 0 damaged"


def test_a_terminal_shows_how_far_it_is(db: SurveillanceDb, tmp_path: Path) -> None:
    """A bar for each long work; none where the output is read by a program."""
    for words, arguments in {
        "checking": ("check",),
        "exporting": ("export", "all", "--to", str(tmp_path / "out")),
        "deleting": ("delete", "all", "--yes"),
    }.items():
        code, shown = on_terminal(db, *arguments)
        assert code == 0, shown
        assert re.search(rf"{words}: +\d+%\|", shown)
    assert "giving space back:" in shown


def test_a_pipe_gets_no_bar(db: SurveillanceDb) -> None:
    """Only lines."""
    _, lines = clips(db, "check")
    assert not any("%|" in line for line in lines)


def test_a_reader_that_has_enough_ends_the_list(db: SurveillanceDb) -> None:
    """`clips | head -1` shows a line, and no traceback."""
    command = f"{sys.executable} -u -m apps.edge clips | head -1"
    environment = {**os.environ, "SURVEIL_STORAGE__DATA_DIR": str(db.path.parent)}
    done = subprocess.run(
        ["sh", "-c", command],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.startswith("id  start")
    assert done.stderr == ""


def has_open(process: subprocess.Popen[str], path: Path) -> bool:
    """Say whether a process has opened a file."""
    for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it has closed one meanwhile
            if descriptor.readlink() == path.resolve():
                return True
    return False


def test_an_impatient_person_is_let_go(db: SurveillanceDb) -> None:
    """Ctrl-C ends even what waits for the disk, without a traceback."""
    settings = {"STORAGE__DATA_DIR": db.path.parent}
    with closing(sqlite3.connect(db.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with program("apps.edge", "clips", "check", settings=settings) as running:
            wait_for("it reads the file", lambda: has_open(running.process, db.path))
            running.process.send_signal(signal.SIGINT)
            assert running.process.wait(4) == 1
    assert running.lines == ["interrupted; what was said to be done stays done"]


def test_a_locked_database_is_told(db: SurveillanceDb) -> None:
    """After five seconds, with what to do."""
    with closing(sqlite3.connect(db.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, lines = clips(db, "pin", "1")
    assert code == 1
    assert "another program is writing it; wait, or close that program" in lines[-1]
