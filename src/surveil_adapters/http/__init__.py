"""The backend over HTTP, by requests."""

from surveil_adapters.http.backend import HttpBackend

__all__ = ["HttpBackend"]
