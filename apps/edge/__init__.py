"""The Pi's program: sensors, bridge, surveillance and page."""
