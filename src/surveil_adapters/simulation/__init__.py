"""Sensors without hardware: driven by a script, a recorded trace, or another process."""
