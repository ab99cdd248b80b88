"""The picture of a report."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tests.hil.histogram import count_in_bins, histogram


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1))
def test_each_value_is_in_one_bin(values: list[float]) -> None:
    """No value is left out, the largest neither."""
    assert sum(count_in_bins(values, top=max(values) or 1.0)) == len(values)


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1))
def test_it_is_a_drawing_with_its_marks(values: list[float]) -> None:
    """Well-formed, with p50, p99 and max written on it."""
    text = histogram(values, title="Edge to message", unit="ms")
    words = " ".join(ET.fromstring(text).itertext())
    for mark in ("p50", "p99", "max", "Edge to message"):
        assert mark in words
