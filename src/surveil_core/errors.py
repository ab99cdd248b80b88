"""Everything that can go wrong, by who must act.

One root, five families: fix the configuration, retry later, replace or free the
hardware, distrust the peer, data is lost. An adapter translates its library's
exceptions into one of these and keeps the cause (`raise ... from error`), so that a
service decides by family and never by vendor.
"""


class SurveilError(Exception):
    """The root: `except SurveilError` catches whatever this project raises on purpose."""


class ConfigurationError(SurveilError):
    """A person must change a setting; trying again cannot help."""


class TemporaryError(SurveilError):
    """Nothing is lost yet: the same call may succeed later."""


class HardwareError(SurveilError):
    """A pin or a camera is absent, busy or broken."""


class BadMessage(SurveilError, ValueError):
    """A peer sent bytes that break the contract; the text says how.

    The bytes themselves stay with whoever received them.
    """


class DataLost(SurveilError):
    """Something that was accepted cannot be had again."""


class BrokerUnavailable(TemporaryError):
    """The MQTT broker does not take messages now."""


class StoreUnavailable(TemporaryError):
    """A database is locked, full or unreadable just now."""


class StoreDamaged(StoreUnavailable):
    """A database's file or disk fails: waiting seldom helps, and what is asked for may be lost."""


class CameraUnavailable(HardwareError):
    """No source of the camera chain delivers pictures."""


class SensorUnavailable(HardwareError):
    """A sensor's pin cannot be had."""
