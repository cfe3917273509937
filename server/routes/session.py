"""Signing in with the server's token, and out again."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import Field

from models.choices import Strict
from models.words import say
from server.deps import GateDep
from server.errors import ProblemDetails, Unauthorized

router = APIRouter(prefix="/api/session", tags=["about"])


class SignIn(Strict):
    """What is asked for."""

    token: str = Field(max_length=1000)


@router.post("", status_code=204, responses={401: {"model": ProblemDetails, "description": "it is another token"}})
def sign_in(given: SignIn, request: Request, response: Response, gate: GateDep) -> None:
    """Changes the token for a cookie that lasts until the browser is closed, which event streams and downloads send too."""
    if not gate.knows(given.token.encode(errors="surrogatepass")):
        raise Unauthorized(say("This is not the server's token. Whoever started the server has it."))
    gate.sign_in(response, request.url.scheme)


@router.delete("", status_code=204)
def sign_out(request: Request, response: Response, gate: GateDep) -> None:
    """Takes the cookie back from this browser, whether it has one or not. (To close the server to everybody else too, change its token.)"""
    gate.sign_out(response, request.url.scheme)
