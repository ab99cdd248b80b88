"""The JSON reader on everything that a network may bring."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from surveil_core.errors import BadMessage
from surveil_core.strict_json import MAX_DEPTH, MAX_MESSAGE_BYTES, read_object, write_object
from tests.examples import SHARED_DATA

DOCUMENTS = SHARED_DATA / "bad" / "jsontestsuite" / "test_parsing"


def documents(prefix: str) -> list[Path]:
    """List the test documents that must (y), must not (n) or may (i) parse."""
    if not DOCUMENTS.is_dir():
        pytest.skip("JSONTestSuite is not beside the project (../shared/data/bad)")
    return sorted(DOCUMENTS.glob(f"{prefix}_*.json"))


def refusal_of(payload: bytes) -> str | None:
    """Say why `payload` is refused, or None when it is taken."""
    try:
        read_object(payload)
    except BadMessage as error:
        return str(error)
    return None


def tell(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Say how many cases ran, even when the test passes."""
    with capsys.disabled():
        print(f"\n{text}", end=" ")  # noqa: T201


def test_documents_that_must_not_parse(capsys: pytest.CaptureFixture[str]) -> None:
    """Each n_ document of JSONTestSuite is refused with a reason."""
    found = documents("n")
    taken = [path.name for path in found if not refusal_of(path.read_bytes())]
    assert taken == []
    tell(capsys, f"JSONTestSuite: {len(found)} n_ documents, all refused")


def test_documents_that_must_parse(capsys: pytest.CaptureFixture[str]) -> None:
    """Each y_ document is taken when it is an object, else refused for being none."""
    found = documents("y")
    objects = 0
    wrong = []
    for path in found:
        payload = path.read_bytes()
        reason = refusal_of(payload)
        if isinstance(json.loads(payload), dict):
            objects += 1
            wrong += [path.name] if reason is not None else []
        elif reason is None or "expected an object" not in reason:
            wrong.append(path.name)
    assert wrong == []
    others = len(found) - objects
    tell(capsys, f"JSONTestSuite: {objects} y_ objects taken, {others} y_ others refused")


def test_documents_that_may_parse(capsys: pytest.CaptureFixture[str]) -> None:
    """Each i_ document is taken or refused; no other error ever comes out."""
    found = documents("i")
    refused = sum(refusal_of(path.read_bytes()) is not None for path in found)
    tell(capsys, f"JSONTestSuite: {len(found)} i_ documents, {refused} refused")


def test_no_document_was_left_out() -> None:
    """The three lists are the whole suite: 318 documents."""
    assert sum(len(documents(prefix)) for prefix in "yni") == 318
    assert len(list(DOCUMENTS.iterdir())) == 318


@given(payload=st.binary(max_size=200))
@example(payload=b"[" * 60_000)
@example(payload=b'{"a":' * 12_000)
@example(payload=b"9" * 5000)
@example(payload=b'{"a":' + b"9" * 5000 + b"}")
@example(payload=b'{"a":1e999}')
@example(payload=b"\xff\xfe{\x00}\x00")
def test_arbitrary_bytes_raise_nothing_but_bad_message(payload: bytes) -> None:
    """Whatever the bytes, the answer is an object or `BadMessage`."""
    refusal_of(payload)


@given(text=st.text(alphabet='{}[]",:0123456789.eE+-\\u dDbBfFntruals \n', max_size=80))
def test_text_that_resembles_json_raises_nothing_but_bad_message(text: str) -> None:
    """Whatever near-JSON comes, the answer is an object or `BadMessage`."""
    refusal_of(text.encode())


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not JSON"),
        (b" ", "not JSON"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b'{"a": Infinity}', "Infinity is not a JSON number"),
        (b'{"a": -Infinity}', "-Infinity is not a JSON number"),
        (b'{"a": 1e999}', "beyond the range of a double"),
        (b'{"a": [-1e999]}', "beyond the range of a double"),
        (b'{"a": "\\ud800"}', "lone surrogate"),
        (b'{"\\udc00": 1}', "lone surrogate"),
        (b'{"a": {"b": ["\\ud83d"]}}', "lone surrogate"),
        (b'\xef\xbb\xbf{"a": 1}', "BOM"),
        (b'{"a": "\xff"}', "not UTF-8: invalid start byte at byte 7"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        ("{}".encode("utf-16"), "not UTF-8"),
        ("{}".encode("utf-16-le"), "not JSON"),
        (b"[]", "JSON list, expected an object"),
        (b'"text"', "JSON str, expected an object"),
        (b"1", "JSON int, expected an object"),
        (b"null", "JSON NoneType, expected an object"),
        (b'{"a": ' + b"1" * 5000 + b"}", "not JSON"),
    ],
)
def test_refusals_say_why(payload: bytes, reason: str) -> None:
    """Each kind of broken message has its own words."""
    told = refusal_of(payload)
    assert told is not None
    assert reason in told
    assert len(told) < 250


@pytest.mark.parametrize(
    ("payload", "document"),
    [
        (b"{}", {}),
        (b' \r\n\t{"a" : 1}\n', {"a": 1}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a": "Entrée"}'.encode(), {"a": "Entrée"}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (
            b'{"a": -0, "b": 1E400, "c": 1}'.replace(b"1E400", b"1e308"),
            {"a": 0, "b": 1e308, "c": 1},
        ),
    ],
)
def test_legal_objects_are_taken(payload: bytes, document: dict[str, object]) -> None:
    """White space, escapes, letters and repeated keys are legal JSON."""
    assert read_object(payload) == document


@pytest.mark.parametrize(("levels", "taken"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
@pytest.mark.parametrize(("opening", "closing"), [(b'{"a":', b"}"), (b"[", b"]")])
def test_both_sides_of_the_depth(levels: int, taken: bool, opening: bytes, closing: bytes) -> None:
    """A value at level 32 is taken, one at level 33 refused."""
    inner = levels - 2
    payload = b'{"a":' + opening * inner + b"1" + closing * inner + b"}"
    reason = refusal_of(payload)
    assert (reason is None) is taken
    assert taken or f"deeper than {MAX_DEPTH} levels" in str(reason)


@pytest.mark.parametrize(("size", "taken"), [(65_535, True), (65_536, True), (65_537, False)])
def test_both_sides_of_the_size(size: int, taken: bool) -> None:
    """64 KiB exactly is taken, one byte more refused with both numbers."""
    payload = b'{"a":"' + b"x" * (size - 8) + b'"}'
    assert len(payload) == size
    reason = refusal_of(payload)
    assert (reason is None) is taken
    assert taken or reason == f"message has {size} bytes, at most {MAX_MESSAGE_BYTES} are taken"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_writer_refuses_what_is_no_json(number: float) -> None:
    """What is written can be read by anybody."""
    with pytest.raises(ValueError, match="JSON"):
        write_object({"a": number})
