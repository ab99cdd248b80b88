"""What `/metrics` and `counters` tell: what the files of this machine count, and the cameras."""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from attrs import frozen

from surveil_adapters.metrics import (
    JournalCounters,
    file_metrics,
    filming_metrics,
    journal_metrics,
    outbox_metrics,
)
from surveil_core.ports.journal import Journal
from surveil_core.ports.outbox import Outbox, OutboxCounters
from surveil_core.services.counting import FileCounting
from surveil_core.services.filming_figures import FilmingFigures


@frozen(kw_only=True)
class EdgeMetrics:
    """Reads the files anew each time. What cannot be read is missing, and its file is named."""

    journal_folder: Path
    outbox_path: Path
    open_journal: Callable[[str], Journal]
    open_outbox: Callable[[], Outbox]
    counting: FileCounting

    def tell(self, filmed: Sequence[FilmingFigures]) -> bytes:
        """Write it in Prometheus' text form, with what was filmed; empty where nothing is."""
        journals, outboxes = self._count_journals(), self._count_outboxes()
        text = b""
        if read := {path.stem: found for path, found in journals.items() if found is not None}:
            text += journal_metrics(read)
        for found in outboxes.values():
            if found is not None:
                text += outbox_metrics(found)
        self.counting.forget_but(map(str, journals | outboxes))
        if files := {str(path): found is not None for path, found in (journals | outboxes).items()}:
            text += file_metrics(files)
        return text + filming_metrics(filmed) if filmed else text

    def _count_journals(self) -> dict[Path, JournalCounters | None]:
        return {
            path: self.counting.count(str(path), partial(self._count_journal, path))
            for path in sorted(self.journal_folder.glob("*.db"))
        }

    def _count_journal(self, path: Path) -> JournalCounters:
        with closing(self.open_journal(path.stem)) as journal:
            return JournalCounters(
                accepted=journal.last_id(), waiting_bytes=journal.waiting_bytes()
            )

    def _count_outboxes(self) -> dict[Path, OutboxCounters | None]:
        path = self.outbox_path
        return {path: self.counting.count(str(path), self._count_outbox)} if path.exists() else {}

    def _count_outbox(self) -> OutboxCounters:
        with closing(self.open_outbox()) as outbox:
            return outbox.counters()
