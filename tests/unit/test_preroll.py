"""Laws of the pre-roll ring."""

from hypothesis import given
from hypothesis import strategies as st

from surveil_core.preroll import PreRollRing
from surveil_core.video import AccessUnit


def unit(at_s: float, *, keyframe: bool = False, size_bytes: int = 10) -> AccessUnit:
    return AccessUnit(annex_b=bytes(size_bytes), keyframe=keyframe, at_s=at_s)


@st.composite
def streams(draw: st.DrawFn) -> list[AccessUnit]:
    """Pictures in order of time, with keyframes anywhere or nowhere."""
    at_s, units = 0.0, []
    for step_ms, keyframe, size_bytes in draw(
        st.lists(st.tuples(st.integers(0, 800), st.booleans(), st.integers(1, 200)), max_size=80)
    ):
        at_s += step_ms / 1000
        units.append(unit(at_s, keyframe=keyframe, size_bytes=size_bytes))
    return units


def pushed(units: list[AccessUnit], **settings: float) -> PreRollRing:
    ring = PreRollRing(**settings)  # type: ignore[arg-type]
    for one in units:
        ring.push(one)
    return ring


@given(streams(), st.floats(0, 5), st.integers(1, 2000))
def test_it_begins_at_a_keyframe_and_keeps_to_its_bytes(
    units: list[AccessUnit], min_span_s: float, max_bytes: int
) -> None:
    """What is held can be decoded, is the newest part of the stream, and is bounded."""
    ring = pushed(units, min_span_s=min_span_s, max_bytes=max_bytes)
    held = list(ring.units())
    assert ring.held_bytes == sum(len(one.annex_b) for one in held) <= max_bytes
    assert ring.held_s == (held[-1].at_s - held[0].at_s if held else 0)
    if held:
        assert held[0].keyframe
        assert held == units[-len(held) :]


@given(streams(), st.floats(0, 5))
def test_it_holds_the_span_and_no_whole_group_more(
    units: list[AccessUnit], min_span_s: float
) -> None:
    """The span is covered from the first keyframe on, and the second group is needed."""
    held = pushed(units, min_span_s=min_span_s).units()
    first_key = next((one for one in units if one.keyframe), None)
    if first_key is None:
        assert held == ()
        return
    wanted_from_s = units[-1].at_s - min_span_s
    assert held[0] is first_key or held[0].at_s <= wanted_from_s
    assert not [one for one in held[1:] if one.keyframe and one.at_s <= wanted_from_s]


@given(streams(), st.floats(0, 5), st.floats(0, 60))
def test_a_cut_starts_at_the_last_keyframe_by_then(
    units: list[AccessUnit], min_span_s: float, at_s: float
) -> None:
    """A clip holds what was asked for, and at most the one group it must begin in."""
    ring = pushed(units, min_span_s=min_span_s)
    cut, held = ring.units_since(at_s), ring.units()
    assert cut == held[len(held) - len(cut) :]
    if held:
        assert cut[0].keyframe
        assert cut[0] is held[0] or cut[0].at_s <= at_s
        assert not [one for one in cut[1:] if one.keyframe and one.at_s <= at_s]


@given(streams(), st.floats(0, 5), st.integers(1, 2000), st.integers(0, 80))
def test_what_an_awaited_event_may_show_is_kept(
    units: list[AccessUnit], min_span_s: float, max_bytes: int, awaited: int
) -> None:
    """All from the span before it on, as far as the bytes go; and no more once it came."""
    ring = PreRollRing(min_span_s=min_span_s, max_bytes=max_bytes)
    for one in units[:awaited]:
        ring.push(one)
    awaited_at_s = units[awaited - 1].at_s if 0 < awaited <= len(units) else 0.0
    before = ring.units_since(awaited_at_s - min_span_s)
    for one in units[awaited:]:
        ring.push(one, awaited_at_s=awaited_at_s)
    held = ring.units()
    assert ring.held_bytes <= max_bytes
    assert held == tuple(units[len(units) - len(held) :])
    if sum(len(one.annex_b) for one in (*before, *units[awaited:])) <= max_bytes:
        assert set(map(id, before)) <= set(map(id, held))


def test_nothing_is_held_before_the_first_keyframe() -> None:
    """Pictures that cannot be decoded are not kept."""
    assert pushed([unit(0.0), unit(0.1)], min_span_s=3).units() == ()


def test_clear_forgets_all() -> None:
    """After a restart of the camera, old pictures are not mixed with new ones."""
    ring = pushed([unit(0.0, keyframe=True)], min_span_s=3)
    ring.clear()
    assert (ring.units(), ring.held_bytes) == ((), 0)
