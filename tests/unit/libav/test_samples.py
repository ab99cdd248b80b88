"""What the pictures of a stream are, in columns."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from surveil_adapters.libav.samples import Samples

rows = st.lists(
    st.tuples(st.integers(0, 2**32 - 1), st.booleans(), st.floats(allow_nan=False)), max_size=40
)


def samples_of(content: list[tuple[int, bool, float]]) -> Samples:
    samples = Samples()
    for size_bytes, is_keyframe, at_s in content:
        samples.append(size_bytes=size_bytes, is_keyframe=is_keyframe, at_s=at_s)
    return samples


@given(rows, st.integers(0, 50))
def test_what_goes_in_comes_out_also_on_the_other_side(
    content: list[tuple[int, bool, float]], count: int
) -> None:
    """Each picture behind the one before it; the first so many when asked for those."""
    offsets = accumulate((size_bytes for size_bytes, _, _ in content), initial=0)
    expected = [(offset, *row) for offset, row in zip(offsets, content, strict=False)]
    samples = samples_of(content)
    carried = Samples.from_json(samples.to_json())
    assert list(samples) == list(carried) == expected
    assert list(samples.first(count)) == expected[:count]
    assert (len(carried), list(carried.times_s)) == (len(content), [row[2] for row in content])
