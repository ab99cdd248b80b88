"""How a language is written down: a template for each notice.

A template is a format string over the notice `n`, or a function of it where words
depend on values. A test holds every language to one entry for each notice.
"""

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from attrs import frozen

from surveil_core.notices import Notice

Template = str | Callable[[Any], str]

_BOX_COLUMNS = 60


@frozen
class Words:
    """One language."""

    templates: Mapping[type[Notice], Template]

    def render(self, notice: Notice) -> str:
        """Say `notice`; the empty string where there is nothing to say."""
        template = self.templates[type(notice)]
        notice = _printable(notice)
        return template.format(n=notice) if isinstance(template, str) else template(notice)


def _printable(notice: Notice) -> Notice:
    """Replace control characters: peers' words must not move the reader's cursor."""
    changes = {
        name: "".join(c if c.isprintable() else "�" for c in value)
        for name, value in attrs.asdict(notice, recurse=False).items()
        if isinstance(value, str) and not value.isprintable()
    }
    return attrs.evolve(notice, **changes) if changes else notice


def banner(title: str, *, indent: int) -> str:
    """Draw the spec's box of 60 columns, the title after `indent` blanks."""
    line = "═" * _BOX_COLUMNS
    return f"╔{line}╗\n║{' ' * indent + title:<{_BOX_COLUMNS}}║\n╚{line}╝\n"


def seconds(value: float) -> str:
    """Write a duration without needless digits: `10s`, `2.5s`."""
    return f"{value:.10g}s" if value == int(value) else f"{value:.1f}s"


def kilobytes(value: int) -> str:
    """Write a size as the spec does: `2400.00 KB`."""
    return f"{value / 1024:.2f} KB"
