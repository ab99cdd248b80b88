"""What is told of several runs of the suite."""

from datetime import UTC, datetime
from pathlib import Path

from tests.hil.rig.runs import run_of

JUNIT = """<testsuites><testsuite>
<testcase name="good"/><testcase name="bad"><failure/></testcase>
<testcase name="broken"><error/></testcase><testcase name="elsewhere"><skipped/></testcase>
</testsuite></testsuites>"""


def test_a_run_names_what_failed(tmp_path: Path) -> None:
    """Failures and errors by name, skips by number."""
    junit = tmp_path / "junit.xml"
    junit.write_text(JUNIT)
    run = run_of(junit, began_at_utc=datetime.now(UTC), status=1)
    assert (run.tests, run.skipped, run.failed) == (4, 1, ("bad", "broken"))


def test_a_run_that_wrote_nothing_has_its_status(tmp_path: Path) -> None:
    """The guest may have died before pytest's end."""
    run = run_of(tmp_path / "junit.xml", began_at_utc=datetime.now(UTC), status=3)
    assert (run.tests, run.status) == (0, 3)
