"""Which clips a command is for: their numbers, or `all`."""

from collections.abc import Sequence

from surveil_core.errors import ConfigurationError
from surveil_core.ports.inspection import Inspection

_MAX_MEDIA_ID = 2**63 - 1


def choose_clips(inspection: Inspection, names: Sequence[str]) -> Sequence[int]:
    """Read numbers, each taken once; `all` stands for every clip that can be found.

    Raises `ConfigurationError` and `StoreUnavailable`.
    """
    if list(names) == ["all"]:
        found = inspection.find_clips()
        return [media_id for media_id in found.media_ids if media_id not in found.leftover_ids]
    return list(dict.fromkeys(_media_id(name) for name in names))


def _media_id(name: str) -> int:
    is_number = name.isascii() and name.isdecimal() and len(name) <= len(str(_MAX_MEDIA_ID))
    if not (is_number and 1 <= int(name) <= _MAX_MEDIA_ID):
        raise ConfigurationError(
            f"clip is {name!r:.60}, expected a number that `clips list` shows, such as 12, or all"
        )
    return int(name)
