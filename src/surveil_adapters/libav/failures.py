"""How a task fails; `process` makes the core's errors of it."""


class DataProblem(Exception):
    """Nothing can be made of the bytes."""


class Refusal(Exception):
    """The disk or the system did not do something; it may another time."""
