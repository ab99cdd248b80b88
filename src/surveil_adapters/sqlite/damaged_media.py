"""Table `media` where a page of it is damaged: each row for itself, as far as it can be read."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from surveil_adapters.sqlite.connection import DAMAGE_CODES, primary_code

_WAYS = (
    "SELECT id_media FROM media INDEXED BY media_par_evenement",
    "SELECT id_media FROM media NOT INDEXED ORDER BY id_media",
    "SELECT id_media FROM media NOT INDEXED ORDER BY id_media DESC",
)
"""The index names those as well whose rows are lost; the table is asked where it is damaged."""


def readable_ids(connection: sqlite3.Connection) -> Sequence[int]:
    """Name the videos, oldest first, as far as the index or else the table can be read."""
    media_ids: set[int] = set()
    for query in _WAYS:
        with skipping_damage():
            for (media_id,) in connection.execute(query):
                if isinstance(media_id, int):  # a damaged page may hold anything
                    media_ids.add(media_id)
            break
    return sorted(media_ids)


@contextmanager
def skipping_damage() -> Iterator[None]:
    """Leave out what a damaged page has; other errors pass."""
    try:
        yield
    except sqlite3.Error as error:
        if primary_code(error) not in DAMAGE_CODES:
            raise
