"""Ports made real: one folder per technique, each vendor library behind our own errors."""
