"""Laws of the retention policy."""

from datetime import UTC, datetime, timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from surveil_core.retention import (
    BELIEVABLE_SINCE_UTC,
    KeptVideo,
    RetentionPolicy,
    Space,
    choose_videos,
)

NOW_UTC = datetime(2026, 11, 23, 12, tzinfo=UTC)
DISK_BYTES = 4_000
SIZES = st.integers(0, 2_000)
VIDEOS = st.lists(
    st.builds(
        lambda video_bytes, age_days, is_pinned: KeptVideo(
            media_id=0,
            video_bytes=video_bytes,
            started_at_utc=NOW_UTC - timedelta(days=age_days),
            is_pinned=is_pinned,
        ),
        st.integers(1, 500),
        st.floats(-30, 30_000),
        st.booleans(),
    ),
    max_size=30,
).map(lambda videos: [evolve(video, media_id=n) for n, video in enumerate(videos)])
POLICIES = st.builds(
    RetentionPolicy,
    max_bytes=st.none() | SIZES,
    max_age_days=st.none() | st.floats(0.1, 60),
    min_free_bytes=st.none() | SIZES,
)


def space_of(videos: list[KeptVideo], free_bytes: int, spooled_bytes: int = 0) -> Space:
    """Add up what is stored."""
    return Space(
        video_bytes=sum(v.video_bytes for v in videos),
        free_bytes=free_bytes,
        disk_bytes=DISK_BYTES,
        spooled_bytes=spooled_bytes,
    )


def video(media_id: int, *, age_days: float = 0.0, is_pinned: bool = False) -> KeptVideo:
    """Make a video of 100 bytes."""
    started_at_utc = NOW_UTC - timedelta(days=age_days)
    return KeptVideo(
        media_id=media_id, video_bytes=100, started_at_utc=started_at_utc, is_pinned=is_pinned
    )


@given(POLICIES, VIDEOS, SIZES, SIZES, SIZES)
def test_pinned_videos_stay_and_enough_goes_or_it_is_said(
    policy: RetentionPolicy,
    videos: list[KeptVideo],
    free_bytes: int,
    new_bytes: int,
    spooled_bytes: int,
) -> None:
    """What is left fits with the new one and those that wait, or no video that may go is left."""
    space = space_of(videos, free_bytes, spooled_bytes)
    found = choose_videos(policy, videos, space, new_bytes=new_bytes, now_utc=NOW_UTC)
    gone_bytes = sum(one.video_bytes for one in found.videos)
    assert not any(one.is_pinned for one in found.videos)
    wanted_bytes = 200 if policy.min_free_bytes is None else policy.min_free_bytes
    lacks_bytes = wanted_bytes + new_bytes - free_bytes - gone_bytes
    if policy.max_bytes is not None:
        coming_bytes = max(new_bytes, spooled_bytes)
        over_bytes = space.video_bytes + coming_bytes - gone_bytes - policy.max_bytes
        lacks_bytes = max(lacks_bytes, over_bytes)
    assert found.missing_bytes == max(0, lacks_bytes)
    if found.missing_bytes:
        assert len(found.videos) == sum(not one.is_pinned for one in videos)


@given(POLICIES, VIDEOS, SIZES)
def test_no_video_goes_that_need_not(
    policy: RetentionPolicy, videos: list[KeptVideo], free_bytes: int
) -> None:
    """For want of space the oldest go, and without the last of them there was too little."""
    policy = evolve(policy, max_age_days=None)
    found = choose_videos(policy, videos, space_of(videos, free_bytes), now_utc=NOW_UTC)
    may_go = [one for one in videos if not one.is_pinned]
    assert list(found.videos) == may_go[: len(found.videos)]
    if found.videos:
        kept_last = [one for one in videos if one not in found.videos[:-1]]
        freed = free_bytes + sum(one.video_bytes for one in found.videos[:-1])
        again = choose_videos(policy, kept_last, space_of(kept_last, freed), now_utc=NOW_UTC)
        assert again.videos == found.videos[-1:]


def test_old_videos_go_though_there_is_space() -> None:
    """Some must not keep pictures of people for longer than so many days."""
    policy = RetentionPolicy(max_age_days=30, min_free_bytes=0)
    videos = [video(1, age_days=31), video(2, age_days=31, is_pinned=True), video(3, age_days=29)]
    found = choose_videos(policy, videos, space_of(videos, 1000), now_utc=NOW_UTC)
    assert [one.media_id for one in found.videos] == [1]


def test_a_twentieth_of_a_small_disk_stays_free() -> None:
    """And no more than a gigabyte of a large one."""
    policy = RetentionPolicy()
    assert policy.wanted_free_bytes(8 * 10**9) == 4 * 10**8
    assert policy.wanted_free_bytes(10**12) == 1024**3


def test_a_clock_that_cannot_be_believed_makes_nothing_old() -> None:
    """A Pi that wakes up in 2038 must not give up all it has."""
    policy = RetentionPolicy(max_age_days=30, min_free_bytes=0)
    videos = [video(1, age_days=31)]
    assert choose_videos(policy, videos, space_of(videos, 1000), now_utc=None).videos == ()


def test_a_video_of_1970_has_no_age() -> None:
    """It was filmed yesterday, before the Pi found a time server."""
    policy = RetentionPolicy(max_age_days=30, min_free_bytes=0)
    before = evolve(video(1), started_at_utc=BELIEVABLE_SINCE_UTC - timedelta(microseconds=1))
    found = choose_videos(policy, [before], space_of([before], 1000), now_utc=NOW_UTC)
    assert found.videos == ()


def test_a_video_of_a_damaged_row_has_no_age() -> None:
    """It goes for want of space, like the others."""
    undated = evolve(video(1), started_at_utc=None)
    space = space_of([undated], 1000)
    by_age = RetentionPolicy(max_age_days=30, min_free_bytes=0)
    assert choose_videos(by_age, [undated], space, now_utc=NOW_UTC).videos == ()
    by_size = RetentionPolicy(max_bytes=50, min_free_bytes=0)
    assert choose_videos(by_size, [undated], space, now_utc=NOW_UTC).videos == (undated,)
