"""Where the broker is and how to be let in."""

from pathlib import Path

from attrs import field, frozen, validators


@frozen(kw_only=True)
class BrokerAddress:
    """A broker's address and our credentials. `ca_file` switches TLS on."""

    host: str = "127.0.0.1"
    port: int = field(default=1883, validator=[validators.ge(1), validators.le(65535)])
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
