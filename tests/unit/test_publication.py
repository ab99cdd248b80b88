"""Which journal records go out again, and when they may be forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from surveil_core.publication import Publication, PublicationPolicy


def connected(*, at_s: float = 0.0, policy: PublicationPolicy | None = None) -> Publication:
    """Begin on connection number 1."""
    publication = Publication(policy=policy or PublicationPolicy())
    publication.note_connection(1, is_remembered=False, at_s=at_s)
    return publication


def test_nothing_goes_out_without_a_connection() -> None:
    """There is room only while the broker is there."""
    publication = Publication()
    assert publication.room() == 0
    publication.note_connection(1, is_remembered=False, at_s=0.0)
    assert publication.room() == 100
    publication.note_connection(None, is_remembered=False, at_s=1.0)
    assert publication.room() == 0


def test_window_bounds_what_awaits_its_puback() -> None:
    """Each PUBACK makes room for one more."""
    publication = connected(policy=PublicationPolicy(window=2))
    publication.note_published(1)
    publication.note_published(2)
    assert publication.room() == 0
    publication.note_acknowledged(1, at_s=0.1)
    assert publication.room() == 1


def test_new_connection_begins_from_the_oldest_record() -> None:
    """What the last connection had sent or acknowledged goes out again."""
    publication = connected()
    publication.note_published(7)
    publication.note_acknowledged(7, at_s=0.1)
    assert publication.cursor == 7
    publication.note_connection(2, is_remembered=False, at_s=1.0)
    assert publication.cursor < 1
    assert publication.room() == 100


def test_settled_connection_sends_once_more() -> None:
    """After 60 s, when consumers are back too, there is one more round, and only one."""
    publication = connected()
    publication.note_published(7)
    publication.note_connection(1, is_remembered=False, at_s=59.9)
    assert publication.cursor == 7
    publication.note_connection(1, is_remembered=False, at_s=60.0)
    assert publication.cursor < 1
    publication.note_published(7)
    publication.note_connection(1, is_remembered=False, at_s=400.0)
    assert publication.cursor == 7


def test_record_is_forgotten_a_minute_after_its_puback() -> None:
    """Only a PUBACK on a settled connection counts."""
    publication = connected()
    publication.note_published(1)
    publication.note_acknowledged(1, at_s=0.1)
    assert publication.due_to_forget(at_s=100.0) == []
    publication.note_connection(1, is_remembered=False, at_s=100.0)
    publication.note_published(1)
    publication.note_acknowledged(1, at_s=101.0)
    assert publication.due_to_forget(at_s=160.9) == []
    assert publication.due_to_forget(at_s=171.0) == [1]


def test_forgetting_is_done_now_and_then() -> None:
    """The disk is spared: at most once in 10 s, and what failed is named again."""
    publication = connected(policy=PublicationPolicy(settle_s=0.0, keep_s=0.0))
    publication.note_connection(1, is_remembered=False, at_s=0.0)
    publication.note_acknowledged(1, at_s=0.0)
    assert publication.due_to_forget(at_s=0.0) == [1]
    assert publication.due_to_forget(at_s=9.9) == ()
    assert publication.due_to_forget(at_s=10.0) == [1]
    publication.note_forgotten([1])
    assert publication.due_to_forget(at_s=20.0) == []


def test_lost_connection_takes_back_its_pubacks() -> None:
    """A broker that died may have forgotten what it acknowledged."""
    publication = connected(policy=PublicationPolicy(settle_s=0.0))
    publication.note_connection(1, is_remembered=False, at_s=0.0)
    publication.note_acknowledged(1, at_s=1.0)
    publication.note_connection(2, is_remembered=False, at_s=30.0)
    assert publication.due_to_forget(at_s=1000.0) == []


def test_broker_that_remembers_us_has_lost_nothing() -> None:
    """No second round then, and a PUBACK counts at once."""
    publication = Publication()
    publication.note_connection(1, is_remembered=True, at_s=0.0)
    publication.note_published(1)
    publication.note_acknowledged(1, at_s=1.0)
    publication.note_connection(1, is_remembered=True, at_s=60.0)
    assert publication.cursor == 1
    assert publication.due_to_forget(at_s=61.0) == [1]


def test_many_short_connections_are_as_good_as_a_long_one() -> None:
    """What five of them have acknowledged is forgotten."""
    publication = Publication()
    for connection in range(1, 6):
        assert publication.due_to_forget(at_s=connection * 20.0) == []
        publication.note_connection(connection, is_remembered=True, at_s=connection * 20.0)
        publication.note_published(1)
        publication.note_acknowledged(1, at_s=connection * 20.0)
    publication.note_connection(None, is_remembered=False, at_s=119.0)
    assert publication.due_to_forget(at_s=119.0) == [1]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("connection"), st.one_of(st.none(), st.integers(1, 3))),
        st.tuples(st.just("publish"), st.integers(1, 20)),
        st.tuples(st.just("puback"), st.integers(1, 20)),
        st.tuples(st.just("wait"), st.integers(0, 100)),
    ),
    max_size=60,
)


@given(steps=STEPS)
def test_nothing_is_forgotten_before_its_time(steps: list[tuple[str, int | None]]) -> None:
    """Whatever happens: forgotten is only what had its PUBACK `keep_s` ago or longer."""
    publication = Publication(policy=PublicationPolicy(enough_connections=10**9))
    at_s, acknowledged_at_s = 0.0, dict[int, float]()
    for what, value in steps:
        if what == "connection":
            publication.note_connection(value, is_remembered=False, at_s=at_s)
        elif what == "publish" and publication.room():
            publication.note_published(value or 1)
        elif what == "puback":
            publication.note_acknowledged(value or 1, at_s=at_s)
            acknowledged_at_s[value or 1] = at_s
        elif what == "wait":
            at_s += value or 0
        for record_id in publication.due_to_forget(at_s=at_s):
            assert at_s - acknowledged_at_s[record_id] >= 60.0
        assert 0 <= publication.room() <= 100
