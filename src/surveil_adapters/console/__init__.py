"""Notices on standard output: the spec's lines, English ones, or JSON."""

from surveil_adapters.console.console import ConsoleAnnouncer, JsonAnnouncer

__all__ = ["ConsoleAnnouncer", "JsonAnnouncer"]
