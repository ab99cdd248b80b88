"""`python -m apps.edge dead-letters`: what was refused, and what to do with it.

Works on the files beside the running services. A letter is named by the service that
refused it and its number, such as `bridge-3`.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping

from attrs import frozen

from apps.edge.parts import EdgeParts
from surveil_core.errors import BadMessage, ConfigurationError
from surveil_core.ports.dead_letters import DeadLetters, StoredLetter
from surveil_core.services.reviving import replay_letter

PAGE_LETTERS = 100
_SHOWN_REASON_CHARS = 100


@frozen
class LetterName:
    """`<service>-<number>`."""

    service: str
    letter_id: int

    @classmethod
    def parse(cls, text: str, services: Mapping[str, DeadLetters]) -> "LetterName":
        """Read a name. Raises `ConfigurationError`."""
        service, _, number = text.rpartition("-")
        if service not in services or not number.isdecimal():
            allowed = " or ".join(f"{name}-NUMBER" for name in services) or "none: there are none"
            raise ConfigurationError(f"dead letter is {text!r}, expected {allowed}")
        return cls(service, int(number))

    def __str__(self) -> str:
        return f"{self.service}-{self.letter_id}"


def run(parts: EdgeParts, action: str, names: list[str]) -> bool:
    """Do `list`, `show`, `replay` or `discard`. False if any letter could not be dealt with.

    `replay` and `discard` take `all`. Raises `ConfigurationError` and `StoreUnavailable`.
    """
    stores = parts.dead_letters()
    if action == "list":
        for name, stored in _all_letters(stores):
            sys.stdout.write(f"{_line(name, stored)}\n")
        return True
    if not names:
        raise ConfigurationError(f"dead-letters {action}: name letters, such as bridge-3, or all")
    if names == ["all"]:
        chosen = [name for name, _ in _all_letters(stores)]
    else:
        chosen = [LetterName.parse(name, stores) for name in names]
    outcomes = [_do(_ACTIONS[action], stores, name) for name in chosen]
    return all(outcomes)


def _all_letters(
    stores: Mapping[str, DeadLetters],
) -> Iterator[tuple[LetterName, StoredLetter]]:
    for service, letters in stores.items():
        after = 0
        while page := letters.list_letters(after=after, limit=PAGE_LETTERS):
            for stored in page:
                yield LetterName(service, stored.letter_id), stored
            after = page[-1].letter_id


def _line(name: LetterName, stored: StoredLetter) -> str:
    letter = stored.letter
    return (
        f"{name}  {stored.died_at_utc:%Y-%m-%dT%H:%M:%SZ}  {letter.topic!r}  "
        f"{len(letter.payload)} bytes  {letter.reason[:_SHOWN_REASON_CHARS]!r}"
    )


def _do(
    action: Callable[[DeadLetters, int], str], stores: Mapping[str, DeadLetters], name: LetterName
) -> bool:
    try:
        words = action(stores[name.service], name.letter_id)
    except (BadMessage, LookupError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return False
    sys.stdout.write(f"{name}: {words}\n")
    return True


def _show(letters: DeadLetters, letter_id: int) -> str:
    found = letters.find_letter(letter_id)
    if found is None:
        raise LookupError(f"there is no letter {letter_id}; `dead-letters list` names them")
    return json.dumps(
        {
            "died_at_utc": found.died_at_utc.isoformat(),
            "topic": found.letter.topic,
            "reason": found.letter.reason,
            "payload_bytes": len(found.letter.payload),
            "payload": found.letter.payload.decode("utf-8", "backslashreplace"),
        },
        ensure_ascii=True,
        indent=2,
    )


def _replay(letters: DeadLetters, letter_id: int) -> str:
    if not replay_letter(letters, letter_id):
        raise LookupError(f"there is no letter {letter_id} any more")
    return "replayed"


def _discard(letters: DeadLetters, letter_id: int) -> str:
    if not letters.discard(letter_id):
        raise LookupError(f"there is no letter {letter_id} any more")
    return "discarded"


_ACTIONS = {"show": _show, "replay": _replay, "discard": _discard}
ACTIONS = ("list", *_ACTIONS)
