"""When a class opens the same link in the same second, its streams begin one after the other, and what comes meanwhile need not wait for
all of them: with 200 at once the loop had a second's work before it looked at anything else."""

from __future__ import annotations

import asyncio
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

STREAMS = re.compile(r"/api/((runs|sweeps)/[^/]+/)?events")

AT_ONCE = 2
"""Streams that begin at the same time: while one reads the store in a thread, the loop has the other."""


class Turns:
    """Middleware: so many streams begin at once; the others wait, first come, first served. Other requests pass."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not STREAMS.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        async with Turn(self.turns) as turn:
            await self.app(scope, receive, turn.until_it_answers(send))


class Turn:
    """One stream's: over when its answer begins, or it ends without one."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self.turns = turns
        self.taken = False

    async def __aenter__(self) -> Turn:
        await self.turns.acquire()
        self.taken = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._give_back()

    def until_it_answers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            self._give_back()
            await send(message)

        return sending

    def _give_back(self) -> None:
        if self.taken:
            self.taken = False
            self.turns.release()
