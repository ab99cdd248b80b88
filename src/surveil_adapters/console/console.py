"""The `Announcer` port on a text stream.

What is told is written whole and flushed at once, so lines of different services do not
mix and nothing is lost in a buffer when the power goes. A stream that is gone (a
closed pipe) must not take a service down with it: what cannot be said is counted.
"""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, TextIO

import attrs

from surveil_adapters.console.words import Words
from surveil_core.notices import Notice

MODULE_BY_LANGUAGE = {"fr": "french", "en": "english"}


def words_in(language: str) -> Words:
    """Load the words of a language, and no other's: a service has little memory to spare."""
    module = import_module(f"surveil_adapters.console.{MODULE_BY_LANGUAGE[language]}")
    words: Words = module.WORDS
    return words


class _StreamAnnouncer(ABC):
    """Writes what `_lines` makes of a notice; nothing where that is empty."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.unsaid = 0
        """How many times the stream did not take what was told."""

    def announce(self, *notices: Notice) -> None:
        """Write the lines of all `notices` with one call of the stream."""
        text = "".join(self._lines(notice) for notice in notices)
        if not text:
            return
        with self._lock:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):
                self.unsaid += 1

    @abstractmethod
    def _lines(self, notice: Notice) -> str: ...


class ConsoleAnnouncer(_StreamAnnouncer):
    """Writes sentences for a person. `language` is `fr` or `en`."""

    def __init__(self, stream: TextIO, *, language: str = "fr") -> None:
        super().__init__(stream)
        self._words = words_in(language)

    def _lines(self, notice: Notice) -> str:
        text = self._words.render(notice)
        return text + "\n" if text else ""


class JsonAnnouncer(_StreamAnnouncer):
    """Writes one JSON object a line, with `time`, `event`, `service` and the notice's fields.

    Keys are English and stable.
    """

    def __init__(
        self, stream: TextIO, *, now_utc: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__(stream)
        self._now_utc = now_utc

    def _lines(self, notice: Notice) -> str:
        document = {
            "time": self._now_utc().isoformat(timespec="milliseconds"),
            "event": snake_case(type(notice).__name__),
            **attrs.asdict(notice, value_serializer=_plain),
        }
        return json.dumps(document, ensure_ascii=False) + "\n"


def snake_case(name: str) -> str:
    """Turn `EventStored` into `event_stored`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _plain(_owner: object, _field: Any, value: Any) -> Any:
    return getattr(value, "value", value)
