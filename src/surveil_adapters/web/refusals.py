"""How errors become HTTP answers: a status, and a JSON body `{"status_code", "detail"}`.

400 the sender must change the message   413 it is too large
503 the same request may succeed later   500 a clip is damaged, or we have a bug

What went wrong on our side, and every refused POST, is also told to the owner's console.
"""

from http import HTTPStatus
from typing import Any

from attrs import frozen
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from surveil_core.bulk import BulkTooLarge
from surveil_core.errors import BadMessage, StoreUnavailable
from surveil_core.notices import RequestRefused
from surveil_core.ports.announcer import Announcer

RETRY_AFTER_S = 2
"""What a 503 asks for: longer than a commit on a slow card, short for a person."""

AnyRequest = Request[Any, Any, Any]


@frozen(kw_only=True)
class Refusals:
    """The exception handlers of one application."""

    announcer: Announcer
    service: str

    def handlers(self) -> ExceptionHandlersMap:
        """Tie them to errors and statuses, in Litestar's form."""
        return {
            BadMessage: self._refuse_message,
            BulkTooLarge: self._refuse_bulk,
            StoreUnavailable: self._postpone,
            HTTPException: self._refuse_request,
            HTTPStatus.INTERNAL_SERVER_ERROR: self._fail,
        }

    def _refuse_message(self, request: AnyRequest, error: BadMessage) -> Response[Any]:
        return self._answer(request, HTTPStatus.BAD_REQUEST, str(error))

    def _refuse_bulk(self, request: AnyRequest, error: BulkTooLarge) -> Response[Any]:
        return self._answer(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))

    def _postpone(self, request: AnyRequest, error: StoreUnavailable) -> Response[Any]:
        answer = self._answer(request, HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        return answer

    def _refuse_request(self, request: AnyRequest, error: HTTPException) -> Response[Any]:
        answer = self._answer(request, error.status_code, error.detail, extra=error.extra)
        answer.headers.update(error.headers or {})
        return answer

    def _fail(self, request: AnyRequest, error: Exception) -> Response[Any]:
        reason = f"{request.method} {request.url.path}: {type(error).__name__}: {error}"
        return self._answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, reason)

    def _answer(
        self, request: AnyRequest, status: int, reason: str, *, extra: object = None
    ) -> Response[Any]:
        if request.method == "POST" or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.announcer.announce(
                RequestRefused(service=self.service, status=status, reason=reason)
            )
        body = {"status_code": int(status), "detail": reason}
        return Response(body if extra is None else {**body, "extra": extra}, status_code=status)
