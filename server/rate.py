"""Limits the requests of one client: so many a minute, which it may use all at once; they grow back evenly."""

from __future__ import annotations

import ipaddress
import math
import re
import time
from collections import OrderedDict

from starlette.types import ASGIApp, Receive, Scope, Send

from models.words import say
from server import errors

MOST_CLIENTS = 10_000
"""Clients that are remembered; beyond, the one whose last request is longest ago is forgotten."""

IPV6_HOME = 64
"""Bits of an IPv6 address that name a household or a company: all addresses that begin with them are one client."""

UNCOUNTED = re.compile(r"/static/.*|/api/health(/.*)?")


class Allowance:
    """The requests that each client has left: a token bucket that holds one minute's."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self.left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, now_s: float) -> float:
        """Counts a request at this time (of any clock): 0 where it may pass, else the seconds after which one may."""
        left, seen_s = self.left.pop(client, (float(self.per_minute), now_s))
        left = min(self.per_minute, left + (now_s - seen_s) * self.per_minute / 60)
        self.left[client] = (max(0.0, left - 1) if left >= 1 else left, now_s)
        if len(self.left) > MOST_CLIENTS:
            self.left.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) * 60 / self.per_minute


class RateLimit:
    """Middleware: 429 with Retry-After for a client that asks too much. The page's files and health are not counted."""

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self.app = app
        self.allowance = Allowance(per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or UNCOUNTED.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
        elif wait_s := self.allowance.take(client_of(scope), time.monotonic()):
            detail = say("More than {limit} {limit|request|requests} in a minute from this address, which is this server's limit "
                         "(--requests-per-minute); ask again when Retry-After has passed.", limit=self.allowance.per_minute)
            await errors.answer(429, detail, headers={"Retry-After": str(math.ceil(wait_s))})(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def client_of(scope: Scope) -> str:
    """The client of a request: its address, of an IPv6 address the first IPV6_HOME bits."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    return host if address.version == 4 else str(ipaddress.ip_network((address, IPV6_HOME), strict=False))
