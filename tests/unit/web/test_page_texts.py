"""What the page translates are the words that the services write."""

import re
from pathlib import Path

from apps.edge import clips_delete
from surveil_core.services import clip_recording, filming, resuming, retaining

TEXTS = Path(__file__).parents[3] / "apps" / "frontend" / "src" / "texts.ts"


def test_each_lasting_reason_is_told_in_french() -> None:
    """Letter by letter, or the page would show the English one."""
    table = TEXTS.read_text("utf-8").partition("FRENCH_REASONS")[2].partition("};")[0]
    assert set(re.findall(r'^  "([^"]+)":\s+"[^"]+",$', table, flags=re.MULTILINE)) == {
        clips_delete.REASON,
        clip_recording.COOLING_DOWN,
        clip_recording.NO_PICTURE,
        filming.TOO_MANY,
        resuming.NOT_FILMED_ANY_MORE,
        retaining.REASON,
    }
