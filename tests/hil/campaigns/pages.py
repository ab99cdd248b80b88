"""The pages of evidence: what was done, what was seen, and what that does not show."""

from collections.abc import Sequence

from bench.report import Conditions, conditions_table, table
from tests.hil.campaigns.accounts import Events
from tests.hil.campaigns.clip_accounts import Clips
from tests.hil.campaigns.counting import count_text
from tests.hil.campaigns.endings import BEGUN_WITHIN, ending_rows
from tests.hil.campaigns.power_cut import LOAD_S, START_S, Cut
from tests.hil.campaigns.settings import DURATION_S, FPS, PRE_ROLL_S


def is_kept(cuts: Sequence[Cut], events: Events, clips: Clips) -> bool:
    """Whether promises 1 and 3 hold, and every disk was sound."""
    return events.is_kept and not any(cut.faults for cut in cuts) and clips.is_kept


def power_cut(conditions: Conditions, cuts: Sequence[Cut], events: Events, clips: Clips) -> str:
    """Write the page of the power cuts."""
    verdict = "all promises held" if is_kept(cuts, events, clips) else "A PROMISE WAS BROKEN"
    if not clips.were_cut:
        verdict = "PROMISE 3 NOT SHOWN, NO CLIP WAS CUT"
    return (
        "\n\n".join(
            [
                f"# {len(cuts)} power cuts: {verdict}",
                f"Written by `{conditions.command}`.",
                conditions_table(conditions),
                events_table(events),
                _clips_table(clips),
                _cuts_table(cuts),
                _WHAT_IT_IS,
            ]
        )
        + "\n"
    )


def events_table(events: Events) -> str:
    """Draw the accounts of the events."""
    rows = [
        ("accepted, as a sensor service had told", str(events.accepted)),
        ("rows in `evenement`", str(events.in_database)),
        ("stored by the cloud", str(events.in_cloud)),
        ("accepted, but not in `evenement`", count_text(events.missing_in_database)),
        ("accepted, but not in the cloud", count_text(events.missing_in_cloud)),
        ("twice in `evenement`", count_text(events.twice_in_database)),
        ("twice in the cloud", count_text(events.twice_in_cloud)),
        (
            "in `evenement` after a younger one of the same sensor",
            str(events.out_of_order_in_database),
        ),
        ("at the cloud after a younger one of the same sensor", str(events.out_of_order_in_cloud)),
        ("posted again, and recognised by the cloud", str(events.posted_again)),
    ]
    return "## Events\n\n" + table(("events", "count"), rows)


def _clips_table(clips: Clips) -> str:
    rows = [
        ("videos", str(clips.stored)),
        ("of these salvaged after a cut", str(clips.salvaged)),
        ("that do not play to their end without an error", count_text(clips.unplayable)),
        ("that were stored and are gone", count_text(clips.gone)),
        *ending_rows(clips.endings),
        (
            "events that were promised a video and have none, with a reason",
            count_text(clips.given_up),
        ),
        (
            "of these that neither a cut nor a camera just starting explains",
            count_text(clips.without_cause),
        ),
        ("events still waiting for their video", str(clips.still_open)),
        ("motions without video, reason or job", count_text(clips.forgotten)),
    ]
    return "## Videos\n\n" + table(("videos", "count"), rows)


def _cuts_table(cuts: Sequence[Cut]) -> str:
    rows = [
        (
            str(cut.boot + 1),
            f"{cut.after_s:.2f} s into the {'start' if cut.is_in_start else 'load'}",
            "; ".join(cut.faults).replace("\n", " ") or "sound",
        )
        for cut in cuts
    ]
    return "## Cuts\n\n" + table(("cut", "when", "file system and databases right after"), rows)


_WHAT_IT_IS = f"""## What was done

- A virtual Pi with 512 MB: `python -m apps.edge run` whole, and Mosquitto, all their files on an
  ext4 disk image with the defaults of `mkfs.ext4`; Debian's kernel, `gpio-sim` and `vivid`.
- A hand presses button or mat about three times a second and the motion sensor about every
  16 s; clips of {PRE_ROLL_S} s + {DURATION_S} s, 320x180 at {FPS}/s.
- QEMU is killed at a random instant, up to {LOAD_S:.0f} s into the load or, for a fifth of the
  cuts, up to {START_S:.0f} s into the start of the programs. Right after it a copy of the disk is
  examined: the journal of ext4 replayed, `e2fsck -fn`, `PRAGMA integrity_check` of each database.
  Then the same disk boots again. The last boot drains what waits.
- Accepted is what a sensor service had told (`event_published`, `event_kept`); its log and the
  cloud's store are on the host and survive the cuts. Every video is decoded whole by ffmpeg.
- Under way: a clip that was begun and not stored. Complete: its last picture was flushed, it had
  only to become a video. Seconds lost: from the end of the salvaged video to the cut, by the
  guest's clock. They include the way of the pictures through camera and encoder, on an emulated
  processor.
- A cut explains an event without video if it came within {BEGUN_WITHIN.seconds} s after the event.

Not shown: a disk that loses what it has been handed (the image keeps that), wear and torn writes
of an SD card, the voltage falling slowly."""
