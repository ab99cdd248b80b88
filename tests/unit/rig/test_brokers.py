"""Which broker the integration tests choose."""

import pytest

from tests.rig.brokers import choose_broker, has_docker_engine


@pytest.mark.parametrize("choice", ["docker", "native"])
def test_a_named_broker_is_taken(choice: str) -> None:
    """The person's word counts, whatever is installed."""
    assert choose_broker({"SURVEIL_TEST_BROKER": choice}) == choice


def test_auto_prefers_an_engine_that_answers() -> None:
    """Without a word, or with auto, an engine that answers decides."""
    expected = "docker" if has_docker_engine() else "native"
    assert choose_broker({}) == choose_broker({"SURVEIL_TEST_BROKER": "auto"}) == expected


def test_another_word_is_refused_with_the_choices() -> None:
    """A slip of the pen does not end in some broker."""
    with pytest.raises(ValueError, match=r"'dcoker', expected one of .*docker.*native"):
        choose_broker({"SURVEIL_TEST_BROKER": "dcoker"})
