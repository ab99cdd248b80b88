"""What the rows of the video measurement say, and how they are judged."""

from bench.video.findings import (
    CpuUse,
    Finding,
    Kills,
    LongClip,
    Promise,
    Writing,
    judge_cpu,
    judge_kills,
    judge_memory,
    judge_pre_roll,
    judge_writes,
)
from bench.video.peer_figures import PeerFigures, peers_table
from bench.video.playback import Playback


def _met(finding: Finding) -> list[bool]:
    return [verdict.is_met for verdict in finding.verdicts]


def test_every_clip_must_begin_before_its_trigger() -> None:
    """A clip that begins after it, and one that is missing, count as late."""
    assert _met(judge_pre_roll([3.1, 0.1], 2, 3.0)) == [True]
    assert _met(judge_pre_roll([3.1, -0.1], 2, 3.0)) == [False]
    assert _met(judge_pre_roll([3.1], 2, 3.0)) == [False]
    assert _met(judge_pre_roll([], 0, 3.0)) == [False]


def test_the_pre_roll_is_told_by_its_smallest_and_its_median() -> None:
    """With how many have all that was asked for."""
    seen = judge_pre_roll([3.5, 2.9, 4.0], 3, 3.0).seen
    assert seen.startswith("3 of 3; smallest 2.90 s, median 3.50 s")
    assert "2 have the 3 s" in seen


def test_processor_time_is_judged_by_the_clock_on_the_wall() -> None:
    """Clips that overlap, by their pre-rolls, do not make it less."""
    idle = CpuUse(wall_s=60, program_s=0.6, encoder_s=6)
    filming = CpuUse(wall_s=60, program_s=2.4, encoder_s=6, recorded_s=120)
    assert filming.per_recorded_percent == 2
    assert _met(judge_cpu(idle, filming)) == [True, False]


def test_the_step_of_storing_is_judged_and_the_whole_is_told() -> None:
    """By what reaches the disk; what was removed before is told too."""
    whole = Writing(name="all", stored_bytes=100, dirtied_bytes=350, net_bytes=240)
    step = Writing(name="storing", stored_bytes=100, dirtied_bytes=110, net_bytes=110)
    worse = Writing(name="storing", stored_bytes=100, dirtied_bytes=111, net_bytes=111)
    finding = judge_writes([whole], [step, worse], 7)
    assert _met(finding) == [True, False]
    assert finding.seen.startswith("all 2.40 (3.50 with")


def _long(playback: Playback, *, peak_mb: float = 50.0) -> LongClip:
    return LongClip(
        duration_s=600,
        before_mb=48,
        peak_mb=peak_mb,
        together_peak_mb=99.0,
        ring_mb=1.5,
        stored_s=603,
        stored_bytes=1000,
        written_net_bytes=2500,
        playback=playback,
    )


def test_a_long_clip_must_be_small_in_memory_true_in_length_and_play() -> None:
    """Each is judged by itself."""
    plays = Playback(duration_s=603.1, pictures=9045)
    assert _met(judge_memory([_long(plays)])) == [True, True]
    assert _met(judge_memory([_long(plays, peak_mb=62)])) == [False, True]
    assert _met(judge_memory([_long(Playback(duration_s=603.3, pictures=9))])) == [True, False]
    faulty = Playback(duration_s=603, pictures=9, fault="no moov")
    assert _met(judge_memory([_long(faulty)])) == [True, False]


def test_a_clip_shorter_than_asked_is_not_true_in_length() -> None:
    """Even where the database says the same as the file."""
    short = LongClip(
        duration_s=10,
        before_mb=1,
        peak_mb=1,
        together_peak_mb=99.0,
        ring_mb=1,
        stored_s=9,
        stored_bytes=1,
        written_net_bytes=1,
        playback=Playback(duration_s=9, pictures=135),
    )
    assert _met(judge_memory([short])) == [True, False]


def _kills(*promises: Promise, integrity: str = "ok") -> Finding:
    return judge_kills(
        Kills(seed=1, states=["while filming"], integrity=[integrity], promises=promises)
    )


def test_kills_may_take_the_last_second_only() -> None:
    """Longer losses, and clips without a word, break the promise."""
    assert _met(_kills(Promise(event_id="a", ending="salvaged", lost_s=0.9))) == [True] * 3
    assert _met(_kills(Promise(event_id="a", ending="salvaged", lost_s=1.1)))[0] is False
    assert _met(_kills(Promise(event_id="a", ending="given up", lost_s=0.4)))[0] is True
    assert _met(_kills(Promise(event_id="a", ending="lost")))[0] is False


def test_gaps_are_told_beside_the_losses() -> None:
    """Of a clip that nobody killed too, where they are no loss by a kill."""
    seen = _kills(
        Promise(event_id="a", ending="whole", missing_s=0.4),
        Promise(event_id="b", ending="salvaged", lost_s=0.75, missing_s=0.5),
        Promise(event_id="c", ending="whole"),
    ).seen
    assert "lost of what was under way at a kill: 0.75 s at most" in seen
    assert "2 clips have gaps, of 0.50 s at most" in seen


def test_kills_may_harm_neither_database_nor_clips() -> None:
    """SQLite's own words and the player's are told."""
    whole = Promise(event_id="a", ending="whole")
    assert "row 7 missing" in _kills(whole, integrity="row 7 missing").verdicts[1].line()
    faulty = Promise(event_id="a", ending="whole", fault="no moov")
    assert "MISSED** (a: no moov)" in _kills(faulty).verdicts[2].line()


def test_recorders_stand_side_by_side() -> None:
    """One that is absent has its reason in each cell; a file that does not open is told."""
    figures = PeerFigures(
        clip_s=10,
        idle_percent=1.25,
        filming_cpu_s=1.3,
        peak_rss_mb=50,
        clips=(Playback(duration_s=13, pictures=195),),
        killed_after_s=8,
        left=Playback(fault="moov atom not found"),
    )
    lines = peers_table({"ours": figures, "motion": "absent: no apt"}).splitlines()
    assert lines[0] == "|  | ours | motion |"
    assert "| 1.2 % | absent: no apt |" in lines[2]
    assert "| 10.0 % |" in lines[3]
    assert "3.0 to 3.0 s" in lines[5]
    assert "nothing to play: moov atom not found" in lines[7]
