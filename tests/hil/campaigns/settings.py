"""What the edge is told in a campaign, and the hand's score."""

FPS, PRE_ROLL_S, DURATION_S = 10, 1, 5

CONFIGURATION = f"""
[mqtt]
port = {{broker_port}}

[bridge]
backend_url = "http://127.0.0.1:{{cloud_port}}/api/events"

[[sensors]]
kind = "motion"
pin = 17

[[sensors]]
kind = "button"
pin = 27
min_interval_s = 0.1

[[sensors]]
kind = "pressure"
pin = 22
pull = "down"
min_interval_s = 0.1

[camera]
source = "v4l2:/dev/video0"
resolution = "320x180"
fps = {FPS}

[recording]
pre_roll_s = {PRE_ROLL_S}
duration_s = {DURATION_S}
max_duration_s = 10

[storage]
data_dir = "{{data_dir}}"

[web]
port = 0
"""

_BUTTON, _MAT, _PIR = (27, True), (22, False), (17, False)
_SHORT = ((0.15, *_BUTTON), (0.15, *_MAT))
ROUND = ((0.15, *_PIR), *(_SHORT * 26))
"""Pauses in seconds after each press, its pin, and whether that is high at rest.

Over and over: a motion every 8 s, so that it films about two thirds of the time, and six
other events a second, as many as are wanted to be on their way when the power goes.
"""
