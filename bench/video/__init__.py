"""From trigger to clip: how early, at what cost, and what is left after a kill.

The program itself is measured, `python -m apps.edge run surveillance`, with a real broker, a real
ffmpeg as its camera and a real SQLite; `motion` of Debian does the same job beside it. `edge`
runs ours, `motion` the other one, `rows` and `kills` are what is done, `verdicts` judges it.
"""
