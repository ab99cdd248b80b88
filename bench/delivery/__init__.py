"""How bridges from MQTT to HTTP fare: ours beside others, fault by fault, in one run.

`subjects.py` names the bridges, `scenarios.py` what they are put through, `rig.py` sets up a
broker, a backend and sensors around one of them, `verdicts.py` holds what ours must reach.
"""
