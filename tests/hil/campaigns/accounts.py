"""What was accepted, and where it is now: the accounts after a campaign."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from attrs import frozen

from tests.hil.campaigns.traces import Traces


@frozen(kw_only=True)
class Events:
    """Accepted events, and how often the database and the cloud have each."""

    accepted: int
    in_database: int
    in_cloud: int
    missing_in_database: tuple[str, ...]
    missing_in_cloud: tuple[str, ...]
    twice_in_database: tuple[str, ...]
    twice_in_cloud: tuple[str, ...]
    out_of_order_in_database: int
    out_of_order_in_cloud: int
    posted_again: int

    @property
    def is_kept(self) -> bool:
        """Whether promise 1 holds. Of no event at all nothing is shown."""
        faults = (
            self.missing_in_database,
            self.missing_in_cloud,
            self.twice_in_database,
            self.twice_in_cloud,
        )
        is_in_order = not self.out_of_order_in_database + self.out_of_order_in_cloud
        return self.accepted > 0 and is_in_order and not any(faults)


def account_for_events(traces: Traces, boots: int, database: Path) -> Events:
    """Compare what the sensors accepted with the rows and with what the cloud stored."""
    accepted = traces.accepted_ids(boots)
    table = rows_of(
        database, "SELECT event_id, timestamp, source FROM evenement ORDER BY id_evenement"
    )
    times = {row["event_id"]: row["timestamp"] for row in table}
    rows = Counter(row["event_id"] for row in table)
    posts = traces.posts()
    stored = [post for post in posts if post["new"]]
    cloud = Counter(post["key"][1] for post in stored)
    return Events(
        accepted=len(set(accepted)),
        in_database=len(rows),
        in_cloud=len(cloud),
        missing_in_database=tuple(sorted(set(accepted) - set(rows))),
        missing_in_cloud=tuple(sorted(set(accepted) - set(cloud))),
        twice_in_database=tuple(sorted(e for e, count in rows.items() if count > 1)),
        twice_in_cloud=tuple(sorted(e for e, count in cloud.items() if count > 1)),
        out_of_order_in_database=_inversions(
            [(row["source"], row["event_id"]) for row in table], times
        ),
        out_of_order_in_cloud=_inversions(
            [(post["source"], post["key"][1]) for post in stored], times
        ),
        posted_again=len(posts) - len(stored),
    )


def _inversions(stored: Sequence[tuple[str, str]], times: Mapping[str, float]) -> int:
    """Count events, named by sensor and id, that came after a younger one of the same sensor."""
    latest: dict[str, float] = {}
    inversions = 0
    for source, event_id in stored:
        at_s = times.get(event_id)
        if at_s is None:
            continue
        inversions += at_s < latest.get(source, 0.0)
        latest[source] = max(at_s, latest.get(source, 0.0))
    return inversions


def rows_of(database: Path, query: str) -> list[sqlite3.Row]:
    """Ask a database."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(query).fetchall()
