"""The backend over HTTP, by requests.

route     where to post and with which headers, decided once
line      its socket, with a time-out that can be changed
courier   one connection that carries runs
answers   what comes back, within bounds
backend   the port: couriers on threads
"""

from surveil_adapters.http.backend import HttpBackend

__all__ = ["HttpBackend"]
