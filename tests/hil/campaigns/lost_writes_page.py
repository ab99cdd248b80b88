"""The page of the cuts between two flushes."""

from bench.report import Conditions, conditions_table, table
from tests.hil.campaigns.endings import ending_rows
from tests.hil.campaigns.lost_writes import Findings, Replay


def page(conditions: Conditions, findings: Findings) -> str:
    """Write the page."""
    verdict = (
        "all sound, no event lost, of clips at most the last second"
        if findings.is_kept
        else "SOMETHING WAS LOST"
        if findings.is_telling
        else "NOTHING SHOWN, NO EVENT OR NO CLIP WAS CUT"
    )
    parts = [
        f"# {len(findings.replays)} cuts between two flushes: {verdict}",
        f"Written by `{conditions.command}`.",
        conditions_table(
            conditions,
            ("writes recorded", str(findings.writes)),
            ("of these flushes", str(findings.flushes)),
        ),
        _summary(findings),
        _replays_table(findings),
        _WHAT_IT_IS,
    ]
    return "\n\n".join(parts) + "\n"


def _summary(findings: Findings) -> str:
    replays = findings.replays
    rows = [
        ("cuts", str(len(replays))),
        ("of these with something wrong", str(sum(bool(one.all_faults) for one in replays))),
        ("events accepted by the last cut", str(max((r.accepted for r in replays), default=0))),
        ("events missing, over all cuts", str(sum(len(one.missing) for one in replays))),
        ("stored videos by the last cut", str(max((r.stored for r in replays), default=0))),
        ("videos checked, over all cuts", str(sum(one.stored for one in replays))),
        *ending_rows(findings.endings),
    ]
    return "## What was lost\n\n" + table(("over all cuts", "count"), rows)


def _replays_table(findings: Findings) -> str:
    rows = [
        (
            str(number),
            str(replay.writes),
            f"{replay.survived} of {replay.since_flush}",
            str(replay.accepted),
            str(replay.stored),
            clip_text(replay),
            "; ".join(replay.all_faults).replace("\n", " ") or "sound, all there",
        )
        for number, replay in enumerate(findings.replays, start=1)
    ]
    header = (
        "cut",
        "writes before",
        "there of those since the flush",
        "events by then",
        "videos after",
        "clip under way",
        "found",
    )
    return "## Cuts\n\n" + table(header, rows)


def clip_text(replay: Replay) -> str:
    """Say what became of the clips that were under way."""
    words = []
    for one in replay.endings:
        if one.is_complete:
            words.append("complete")
        elif one.lost_s is None:
            words.append(f"begun {one.age_s:.2f} s before, nothing there")
        else:
            words.append(f"{one.lost_s:.2f} s lost")
    return ", ".join(words) or "–"


_WHAT_IT_IS = """## What was done

- A virtual Pi with 512 MB and the load of the power cuts, once, its disk being written through
  QEMU's `blklogwrites`, which keeps all writes and flushes in their order.
- For each cut a place in the log is drawn. The disk then holds all writes up to the last flush
  before that place, and of those since each one or not, by chance: a disk with a cache of its own
  keeps no order between two flushes.
- The journal of ext4 is replayed, `e2fsck -fn` and `PRAGMA integrity_check` of each database are
  run. Every event that a sensor service had told by then must be in its journal, or both in
  `evenement` and in the bridge's outbox.
- Then the product starts on these files, here and not in the virtual machine: it salvages the clips
  in the spool, stops, and `clips check` decodes every picture of every video. Every video that had
  been told to be stored must be there, and of each clip all that a disk with nothing but what was
  flushed holds of it.
- Under way: a clip that was begun and not stored. Complete: its last picture was flushed, it had
  only to become a video. Seconds lost: from the end of the salvaged video to when the disk was
  given its next write, by the guest's clock, which was looked at every 50 ms, the later look being
  taken. They include the way of the pictures through camera and encoder, on an emulated processor.
- A clip begun less than a second before the cut may have left nothing; nor then has what the ring
  held of the time before its trigger.

Not shown: a disk that forgets what it has said to have flushed, and sectors written in half."""
