"""Opening SQLite files, transactions on them, and SQLite's errors in our words.

A store keeps one connection, opened at its first use and again after any failure, so
that it comes back by itself once the cause is gone.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

from attrs import define, field

from surveil_core.errors import ConfigurationError, DataLost, StoreDamaged, StoreUnavailable

BUSY_TIMEOUT_MS = 5000
"""How long one call waits for another program to release the file."""

CACHE_KIB = 8 * 1024
"""A clip that fits is written once and locks readers out at its commit only; of a larger
one SQLite writes zeros first, and locks from the moment the cache is full.
"""

SMALL_CACHE_KIB = 1024
"""For files of small rows."""

WAL_KEPT_BYTES = 4 * 1024 * 1024
"""What stays of a WAL that a long reader or a large transaction had made longer."""

VACUUM_STEP_PAGES = 256
"""How many free pages (1 MiB) one transaction gives back."""

_ADVICE_BY_CODE = {
    sqlite3.SQLITE_BUSY: "another program is writing it; wait, or close that program",
    sqlite3.SQLITE_LOCKED: "another program is writing it; wait, or close that program",
    sqlite3.SQLITE_FULL: "the disk is full; free some space on it",
    sqlite3.SQLITE_IOERR: "its disk is full (`df`) or fails (`dmesg` has the errors)",
    sqlite3.SQLITE_READONLY: "the file may not be written; give this user the right to",
    sqlite3.SQLITE_PERM: "the file may not be opened; give this user the right to",
    sqlite3.SQLITE_CANTOPEN: (
        "make sure that this user may write in its folder, and that the service "
        "which makes the file has run"
    ),
    sqlite3.SQLITE_CORRUPT: "the file is damaged; move it aside and restore a copy",
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database; move it aside",
    sqlite3.SQLITE_ERROR: "start the service that writes it, which brings its tables up to date",
}
_OTHER_ADVICE = "check the file with `sqlite3 FILE 'PRAGMA integrity_check'`"

DAMAGE_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR}


def primary_code(error: sqlite3.Error) -> int:
    """Say of which kind an error is (https://sqlite.org/rescode.html); 0 if SQLite has not said."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


_REFUSAL_BY_CODE = {
    sqlite3.SQLITE_TOOBIG: "SQLite stores at most 1,000,000,000 bytes in a field; shorten the clip",
    sqlite3.SQLITE_CONSTRAINT: "it breaks a rule of the schema, and trying again cannot help",
}


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Turn SQLite's and the disk's errors into `StoreUnavailable`, naming `path`.

    It is `StoreDamaged` where the file or its disk fails. A row that the file will never take
    is `DataLost`. `sqlite3.ProgrammingError` passes:
    it is a defect of ours, which waiting cannot mend.
    """
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        code = primary_code(error)
        if code in _REFUSAL_BY_CODE:
            raise DataLost(f"{path}: {error}: {_REFUSAL_BY_CODE[code]}") from error
        advice = _ADVICE_BY_CODE.get(code, _OTHER_ADVICE)
        kind = StoreDamaged if code in DAMAGE_CODES else StoreUnavailable
        raise kind(f"{path}: {error}: {advice}") from error
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error}: check the disk and this user's rights") from error


def tolerant_text(raw: bytes) -> str:
    """Read text whatever a damaged row holds: a `text_factory` of `sqlite3`."""
    return raw.decode("utf-8", "replace")


def connect(path: Path, *, journal_mode: str, cache_kib: int = CACHE_KIB) -> sqlite3.Connection:
    """Open `path` for writing, creating it and its folder; the caller closes it.

    A commit is on the disk when it returns (`synchronous` FULL). Transactions are begun
    by `transaction`, never implicitly. Raises `sqlite3.Error` or `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
    )
    with closing_on_error(connection):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heard by an empty file only
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = FAST")  # ON, as Debian has it, writes all twice
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
    return connection


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open `path` for one look that sees one state of it, and close it again.

    Opened "rw" but forbidden to write: after a writer's death the first reader must be
    able to roll its transaction back, which "ro" cannot. Raises `StoreUnavailable`.
    """
    with translating(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_TIMEOUT_MS / 1000,
            isolation_level=None,
        )
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _shorten(connection: sqlite3.Connection) -> None:
    """Give back one step of a file of which more than half is free.

    Most of what lies behind a drained backlog is free then, so little has to be moved.
    """
    (free_pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    (all_pages,) = connection.execute("PRAGMA page_count").fetchone()
    if free_pages > VACUUM_STEP_PAGES and free_pages * 2 > all_pages:
        with transaction(connection):
            for _ in range(VACUUM_STEP_PAGES):  # `execute` stops after one page, whatever is asked
                connection.execute("PRAGMA incremental_vacuum(1)")


def apply_schema(
    connection: sqlite3.Connection, *, path: Path, schema_names: Sequence[str], version: int
) -> None:
    """Make the tables of `schema_names` (files beside this one) that are not there yet.

    Safe when two processes do so at once. Raises `ConfigurationError` for a file that a
    later release or another program wrote.
    """
    found, tables = _version_and_tables(connection)
    if found > version:
        raise ConfigurationError(
            f"{path} has schema version {found}, this release knows up to {version}: "
            "install the release that wrote it, or name another storage.data_dir"
        )
    if found == 0 and tables:
        raise ConfigurationError(
            f"{path} holds tables that another program made: "
            "move it aside, or name another storage.data_dir"
        )
    if found < version:
        folder = resources.files(__package__)
        schema = "\n".join(folder.joinpath(name).read_text("utf-8") for name in schema_names)
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{schema}\nPRAGMA user_version = {version};\nCOMMIT;"
        )


def _version_and_tables(connection: sqlite3.Connection) -> tuple[int, int]:
    connection.execute("BEGIN")  # both of one state, since another process may make the tables
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
    ).fetchone()
    connection.execute("COMMIT")
    return version, tables


@contextmanager
def closing_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    """Close a connection whose preparation fails."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


@define(kw_only=True)
class KeptConnection:
    """One connection for many calls, from any thread, one at a time."""

    path: Path
    _open: Callable[[], sqlite3.Connection]
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)
    _connection: sqlite3.Connection | None = field(default=None, init=False, repr=False)
    _closed: bool = field(default=False, init=False)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open if need be, for one statement that reads.

        Raises `StoreUnavailable`, or `ConfigurationError` for a file of a later release.
        """
        with self._lock, translating(self.path):
            connection = self._get()
            try:
                yield connection
            except sqlite3.Error:
                self._drop()
                raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open if need be, begin, and commit at the end.

        Raises `StoreUnavailable`, `ConfigurationError` or `DataLost`, after which nothing of
        the transaction remains.
        """
        with self.reading() as connection, transaction(connection):
            yield connection

    def give_space_back(self) -> None:
        """After a commit that freed much, shorten the file by a step, in a transaction apart.

        That needs some space itself. Where there is none, the next commit tries again, and
        what was committed stands: so nothing is raised.
        """
        with self._lock, suppress(sqlite3.OperationalError):
            if self._connection is not None:
                _shorten(self._connection)

    def close(self) -> None:
        """Wait for the call in hand, then close. Closing twice is safe."""
        with self._lock:
            self._closed = True
            self._drop()

    def _get(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreUnavailable(f"{self.path}: the store has been closed: open a new one")
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
