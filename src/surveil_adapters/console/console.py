"""The `Announcer` port on a text stream.

A notice is written whole and flushed at once, so lines of different services do not
mix and nothing is lost in a buffer when the power goes. A stream that is gone (a
closed pipe) must not take a service down with it: what cannot be said is counted.
"""

import json
import threading
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


class _StreamAnnouncer:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.unsaid = 0
        """How many notices the stream did not take."""

    def _write(self, text: str) -> None:
        with self._lock:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):
                self.unsaid += 1


class ConsoleAnnouncer(_StreamAnnouncer):
    """Writes sentences for a person. `language` is `fr` or `en`."""

    def __init__(self, stream: TextIO, *, language: str = "fr") -> None:
        super().__init__(stream)
        self._words = words_in(language)

    def announce(self, notice: Notice) -> None:
        """Write the lines for `notice`, if its words have any."""
        text = self._words.render(notice)
        if text:
            self._write(text + "\n")


class JsonAnnouncer(_StreamAnnouncer):
    """Writes one JSON object a line; keys are English and stable."""

    def __init__(
        self, stream: TextIO, *, now_utc: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__(stream)
        self._now_utc = now_utc

    def announce(self, notice: Notice) -> None:
        """Write `notice` as `time`, `event`, `service` and its own fields."""
        document = {
            "time": self._now_utc().isoformat(timespec="milliseconds"),
            "event": snake_case(type(notice).__name__),
            **attrs.asdict(notice, value_serializer=_plain),
        }
        self._write(json.dumps(document, ensure_ascii=False) + "\n")


def snake_case(name: str) -> str:
    """Turn `EventStored` into `event_stored`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _plain(_owner: object, _field: Any, value: Any) -> Any:
    return getattr(value, "value", value)
