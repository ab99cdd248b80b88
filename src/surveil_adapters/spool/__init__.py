"""Clips on disk while they are filmed, and until they are stored.

A clip is a raw stream, which needs no ending, and an index beside it that says what each
of its pictures is: whatever is left of the two, `clip` makes a video of it. `disk` is the
folder, `writer` fills it, `index` knows the lines of the index.
"""

from surveil_adapters.spool.disk import DiskSpool, safe_name, spooled_bytes

__all__ = ["DiskSpool", "safe_name", "spooled_bytes"]
