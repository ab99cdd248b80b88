"""What a campaign leaves, made by hand."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from attrs import define

from tests.hil.campaigns.traces import Traces

SCHEMA = """
CREATE TABLE evenement (id_evenement INTEGER PRIMARY KEY, event_id TEXT, timestamp REAL,
                        source TEXT, date_reception TEXT DEFAULT '2025-01-15T12:00:01.000000');
CREATE TABLE media (id_media INTEGER PRIMARY KEY, date_debut TEXT, duree REAL, recupere INTEGER,
                    video BLOB);
CREATE TABLE media_evenement (id_media INTEGER, id_evenement INTEGER);
CREATE TABLE travail_clip (id_evenement INTEGER, raison_abandon TEXT);
"""

EVENTS = "INSERT INTO evenement (id_evenement, event_id, timestamp, source) VALUES "
"""To be followed by rows; each was taken at 12:00:01."""


@define
class Aftermath:
    """What a campaign left: the database and the traces of one boot."""

    folder: Path

    @property
    def traces(self) -> Traces:
        return Traces(self.folder)

    @property
    def database(self) -> Path:
        return self.folder / "surveillance.db"

    def fill(self, *statements: str) -> None:
        """Make the database and its rows."""
        with closing(sqlite3.connect(self.database)) as connection:
            connection.executescript(SCHEMA + ";".join(statements))

    def tell(self, *notices: dict[str, object]) -> None:
        """Write the log of the first boot."""
        self.traces.log(0).write_text("".join(json.dumps(one) + "\n" for one in notices))

    def post(self, *event_ids: str) -> None:
        """Post to the cloud, which knows what it was sent before."""
        known: set[str] = set()
        with self.traces.cloud.open("w") as stream:
            for event_id in event_ids:
                post = {"key": ["pi", event_id], "new": event_id not in known, "source": "PIR"}
                known.add(event_id)
                stream.write(json.dumps(post) + "\n")
