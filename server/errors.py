"""Errors: one small tree, one shape on the wire (RFC 9457).

Problem                 what a request is answered with when it cannot be fulfilled
  Unauthorized   401    the token that was given is not the server's
  NotFound       404    there is no such run, map or weights
  Conflict       409    the run is not in a state for it
  TooLarge       413    a file of weights is larger than the limit
  OverLimit      422    a configuration is beyond a limit: with the estimate and the limit
  BadQuery       422    a parameter of the request is wrong (server/deps.py)
  BadWeights     422    weights are not there, or their file cannot be read (server/weights.py)
  Busy           429    the queue is full: with Retry-After
  Unavailable    503    shutting down, the store is full, a data set cannot be had, or a worker did not answer

Besides, `install` answers in the same shape: 422 for a configuration that is not valid, 413 for a body that is too large, 503 where the
store or its disk cannot be used (server/trouble.py), and 500 for a bug. server/access.py, security.py and rate.py answer 401, 403 and 429.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ConfigDict, Field
from pydantic_core import PydanticKnownError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.choices import MOST_ERRORS
from models.words import Text, Worded, listed, say
from server import trouble
from server.methods import allowed

log = logging.getLogger("sigprop")

MEDIA_TYPE = "application/problem+json"

UNREADABLE: dict[type | None, Text] = {
    UnicodeDecodeError: say("is not UTF-8 text; send JSON in UTF-8"), RecursionError: say("is nested too deeply; send a configuration"),
    ValueError: say("has a number of too many digits; send a configuration")}
"""What is wrong with a body, by the error of Python's JSON parser: of these FastAPI makes a 400 that gives no reason."""

STORE_RETRY_S = 30
"""Seconds after which a client may ask again where the store cannot be used."""

MOST_SHOWN = 80
"""Characters of what was sent that an error repeats."""


class FieldError(Worded):
    """What is wrong with one field: its dotted path, and a sentence with value, choices and remedy."""

    loc: str
    msg: Text


class ProblemDetails(Worded):
    """An error as RFC 9457 has it; `errors` names the fields of a bad configuration."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: Text
    errors: list[FieldError] = Field(default_factory=list)


class Problem(Exception):
    """An error with everything its answer needs; `more` are further members of the answer's JSON."""

    status = 400

    def __init__(self, detail: Text, *, errors: Sequence[FieldError] = (), retry_after_s: int | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        self.more = more


class Unauthorized(Problem):
    status = 401

    def __init__(self, detail: Text) -> None:
        super().__init__(detail)
        self.headers = {"WWW-Authenticate": 'Bearer realm="sigprop"'}


class NotFound(Problem):
    status = 404


class Conflict(Problem):
    status = 409


class OverLimit(Problem):
    status = 422


class TooLarge(Problem):
    status = 413


class Busy(Problem):
    status = 429


class Unavailable(Problem):
    status = 503


def answer(status: int, detail: Text, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """The problem as a response."""
    problem = ProblemDetails(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors), **more)
    return Response(orjson.dumps(problem.model_dump()), status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def answer_to(error: HTTPException) -> Response:
    """What Starlette or FastAPI refused, as a problem."""
    if sentence := UNREADABLE.get(type(error.__cause__)):
        return answer(422, say("{field}: {problem}", field="body", problem=sentence), [FieldError(loc="", msg=sentence)])
    detail = error.detail if isinstance(error.detail, Text) else Text(error.detail)
    return answer(error.status_code, detail, headers=error.headers)


def at_field(loc: str, problem: Text) -> dict[str, Any]:
    """The detail and the one error of a problem with a field: `Problem(**at_field(...))`."""
    return {"detail": say("{field}: {problem}", field=loc, problem=problem), "errors": [FieldError(loc=loc, msg=problem)]}


def field_errors(errors: Sequence[Any], body: Any) -> list[FieldError]:
    """Pydantic's errors as one error a field, each with the value that was sent. `body` is the request's, to find the fields in."""
    found: dict[str, list[Text]] = {}
    for error in errors:
        context = error.get("ctx") or {}
        loc = context.get("field") or _path(error["loc"], body)
        found.setdefault(loc, []).append(_message(error))
        if error["type"] not in ("does_not_fit", "missing", "json_invalid") and len(found[loc]) == 1:
            found[loc].append(say("got {value}", value=_shown(error.get("input"))))
    return [FieldError(loc=loc, msg=listed(list(dict.fromkeys(messages)))) for loc, messages in found.items()]


def _message(error: Any) -> Text:
    """The sentence of one of pydantic's errors: of our own rules as they wrote it, of pydantic's own with its template."""
    context = error.get("ctx") or {}
    if error["type"] == "json_invalid":
        return say("is no JSON: {problem} at character {place}", problem=context["error"], place=error["loc"][-1])
    raised = context.get("error")
    own = raised.args[0] if isinstance(raised, ValueError) else context.get("problem")
    if isinstance(own, Text):
        return own
    template = PydanticKnownError(error["type"], context).message_template
    return Text(error["msg"], [{"template": template, "values": {name: _written(value) for name, value in context.items()}}])


def _written(value: Any) -> str:
    """A value in a sentence as pydantic writes it: a whole number without a decimal point."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _path(loc: Sequence[Any], body: Any) -> str:
    """The dotted path of a field, the name of a parameter.

    Pydantic's location has more than that: "body" in front, and behind each field that is a choice the name of the chosen entry. Such a
    name is told from a field by the body: there it is the value of `name`, and no key.
    """
    if loc and loc[0] in ("query", "path", "header"):
        return ".".join(map(str, loc[1:]))
    kept: list[str] = []
    at = body
    parts = list(loc[1:] if loc and loc[0] == "body" else loc)
    for position, part in enumerate(parts):
        inside = isinstance(at, Mapping) and part in at
        chosen = isinstance(at, Mapping) and at.get("name") == part
        if inside or (position == len(parts) - 1 and isinstance(at, Mapping) and not chosen):
            kept.append(cut(str(part)))
        at = at[part] if inside else at
    return ".".join(kept)


def _shown(value: Any) -> str:
    return cut(repr(value))


def cut(text: str) -> str:
    """The text, with dots for its end where it is longer than what is repeated to whoever sent it."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN - 3]}..."


def _detail(errors: Sequence[FieldError]) -> Text:
    return listed([say("{field}: {problem}", field=error.loc or "body", problem=error.msg) for error in errors[:5]])


class BodyLimit:
    """Middleware: refuses a body whose Content-Length is beyond the limit before it is read, and any other once it has grown too large.

    larger: other limits, by path      (FastAPI's own `max_body_size` answers in plain text.)
    """

    def __init__(self, app: ASGIApp, limit_bytes: int, larger: Mapping[str, int]) -> None:
        self.app = app
        self.limit_bytes = limit_bytes
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = Headers(scope=scope).get("content-length", "0") if scope["type"] == "http" else "0"
        limit = self.larger.get(scope.get("path", ""), self.limit_bytes)
        if length.isdigit() and int(length) > limit:
            await answer(413, self._detail(limit))(scope, receive, send)
        else:
            await self.app(scope, self._counted(receive, limit), send)

    def _counted(self, receive: Receive, limit: int) -> Receive:
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise HTTPException(413, self._detail(limit))  # any other error FastAPI takes for a body that cannot be read
            return message

        return counted

    def _detail(self, limit: int) -> Text:
        return say("The request's body is larger than this server's limit of {limit} bytes.", limit=limit)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(error.status, error.detail, error.errors, error.headers, **error.more)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = field_errors(error.errors()[:MOST_ERRORS], error.body)
    return answer(422, _detail(errors), errors)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := allowed(request.scope)):
        error.headers = {**(error.headers or {}), "Allow": ", ".join(methods)}
    return answer_to(error)


async def _on_store(request: Request, error: Exception) -> Response:
    log.error("%s %s: %s", request.method, request.url.path, sentence := trouble.sentence(error))
    return answer(503, sentence, headers={"Retry-After": str(STORE_RETRY_S)})


async def _on_file(request: Request, error: Exception) -> Response:
    return await (_on_store if trouble.is_disks(error) else _on_bug)(request, error)


async def _on_gone(request: Request, error: Exception) -> Response:
    log.info("%s %s: the client went away before its body had come", request.method, request.url.path)
    return Response(status_code=400)  # nobody reads it


async def _on_bug(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer(500, say("The server made a mistake. It is in the log; the same request may work again."))


HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    Problem: _on_problem,
    RequestValidationError: _on_invalid,
    HTTPException: _on_http,
    **dict.fromkeys(trouble.TROUBLE, _on_store),
    OSError: _on_file,
    ClientDisconnect: _on_gone,
    **dict.fromkeys((*trouble.MISTAKES, Exception), _on_bug),
}
"""How each error is answered."""


def install(app: FastAPI, body_limit_bytes: int, larger: Mapping[str, int]) -> None:
    """Makes the application answer every error as a problem. larger: limits for the bodies of these paths."""
    app.add_middleware(BodyLimit, limit_bytes=body_limit_bytes, larger=larger)
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
