"""What a person may do with a dead letter: let it try again, once what refused it is mended."""

from surveil_core.messages import parse_sensor_message
from surveil_core.ports.dead_letters import DeadLetters


def replay_letter(letters: DeadLetters, letter_id: int) -> bool:
    """Treat a letter as an arrival after all. False if there is none of that number.

    Raises `BadMessage` when it is still no legal message, and `StoreUnavailable`; the
    letter stays then.
    """
    found = letters.find_letter(letter_id)
    if found is None:
        return False
    return letters.revive(letter_id, parse_sensor_message(found.letter.payload))
