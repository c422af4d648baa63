"""What does a caller see when something is wrong? One JSON shape, whatever went wrong."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.schemas import MAX_CUSTOMERS

CODES = {
    400: "malformed_request",
    401: "key_needed",
    404: "not_found",
    405: "method_not_allowed",
    413: "request_too_large",
    422: "invalid_request",
    429: "too_many_requests",
    500: "internal_error",
    503: "not_ready",
    504: "timeout",
}
"""The word for every status; part of the interface."""

_MESSAGES = {
    404: "there is nothing at this address; scores are at POST /v1/score, their description at /",
    405: "this address does not take this method; ask for scores with POST /v1/score",
    429: "too many requests at once; wait a moment and ask again",
    500: "the service failed; its log says why",
    503: "no scores are loaded yet; run tenure score, and read the service's log if it stays so",
    504: "the answer took too long; ask again",
}


class ProblemError(HTTPException):
    """A request that can't be answered, and why.

    Parameters
    ----------
    status : int
        One of `CODES`.
    message : str
        What was wrong and what to do.
    headers : dict, optional
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, message, headers)


def reply(status: int, message: str | None = None, headers: Any = None) -> JSONResponse:
    """Build the reply to a request that can't be answered.

    Parameters
    ----------
    status : int
    message : str, optional
        Without it, the usual one of that status.
    headers : mapping, optional

    Returns
    -------
    JSONResponse of an `ErrorReply`
    """
    problem = {
        "status": status,
        "code": CODES.get(status, "error"),
        "message": message or _MESSAGES.get(status, f"the request ended with status {status}"),
    }
    return JSONResponse({"error": problem}, status, headers)


async def on_problem(_: Request, error: Exception) -> JSONResponse:
    """Answer a `ProblemError`, or what Starlette raised."""
    if isinstance(error, ProblemError):
        return reply(error.status_code, error.detail, error.headers)
    if isinstance(error, HTTPException):
        return reply(error.status_code, headers=error.headers)
    return reply(500)


def invalid_request(error: ValidationError) -> ProblemError:
    """Say what is wrong with a request's body without repeating what it holds."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        why = str(first["ctx"]["error"])
        return ProblemError(400, f"the body is not JSON ({why}); send {_EXPECTED}")
    where = ".".join(map(str, first["loc"])) or "the body"
    say = _SAYINGS.get(first["type"])
    what = say(first.get("ctx", {})) if say else f"{first['msg']}; send {_EXPECTED}"
    return ProblemError(422, f"{where} {what}")


class OneErrorShape:
    """Give the errors of the server around our routes the shape of our own.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is fine or already JSON; answer in the place of the rest."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        replaced = False

        async def shaped(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and _is_foreign(message):
                replaced = True
                await reply(message["status"])(scope, receive, send)
            elif not replaced:
                await send(message)

        await self._app(scope, receive, shaped)


def _is_foreign(start: Message) -> bool:
    if start["status"] < 400:
        return False
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return not kind.startswith("application/json")


_EXPECTED = '{"customer_ids": ["..."]}'
_SAYINGS: dict[str, Callable[[dict[str, Any]], str]] = {
    "missing": lambda _: f"is missing; send {_EXPECTED}",
    "extra_forbidden": lambda _: f"is not a field of a request; send {_EXPECTED}",
    "model_type": lambda _: f"is not an object; send {_EXPECTED}",
    "list_type": lambda _: f"is not a list; send {_EXPECTED}",
    "string_type": lambda _: "is not text; send every customer id in quotes",
    "string_too_short": lambda _: "is empty; send only ids that name a customer",
    "too_short": lambda _: f"is empty (1 to {MAX_CUSTOMERS:,} ids allowed); name a customer",
    "too_long": lambda context: (
        f"has {context['actual_length']:,} items (1 to {MAX_CUSTOMERS:,} allowed);"
        " ask in several requests"
    ),
}
