"""The suite several times in a row: what each run was, and the page that tells it."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from bench.report import Conditions, conditions_table, table


@frozen(kw_only=True)
class Run:
    """One boot of the virtual Pi with the whole suite in it."""

    began_at_utc: datetime
    lasted_s: float
    status: int
    tests: int
    skipped: int
    failed: tuple[str, ...]


def run_of(junit: Path, *, began_at_utc: datetime, status: int) -> Run:
    """Read what pytest has written of a run; nothing but the status if it wrote nothing."""
    cases = list(ET.parse(junit).iter("testcase")) if junit.exists() else []
    failed = [case for case in cases if case.find("failure") is not None]
    failed += [case for case in cases if case.find("error") is not None]
    return Run(
        began_at_utc=began_at_utc,
        lasted_s=(datetime.now(UTC) - began_at_utc).total_seconds(),
        status=status,
        tests=len(cases),
        skipped=sum(case.find("skipped") is not None for case in cases),
        failed=tuple(case.get("name", "?") for case in failed),
    )


def page(conditions: Conditions, runs: Sequence[Run]) -> str:
    """Write the page."""
    passed = sum(run.status == 0 for run in runs)
    rows = [
        (
            str(number),
            f"{run.began_at_utc:%H:%M:%S}",
            f"{run.lasted_s:.0f}",
            str(run.tests),
            str(run.skipped),
            ", ".join(run.failed) or ("none" if run.status == 0 else f"status {run.status}"),
        )
        for number, run in enumerate(runs, start=1)
    ]
    parts = [
        f"# The suite {len(runs)} times in a row: {passed} passed",
        f"Written by `{conditions.command}`.",
        conditions_table(conditions),
        table(("run", "began (UTC)", "s", "tests", "skipped", "failed"), rows),
        "Each run boots the virtual Pi anew. Seconds are from its start to its end, with the "
        "kernel in the cache.",
    ]
    return "\n\n".join(parts) + "\n"
