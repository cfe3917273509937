"""Lets event streams begin a few at a time. When a class opens the same link in the same second, 200 streams that begin at once keep the
event loop busy for a second; begun in turn, they let other requests be answered in between."""

from __future__ import annotations

import asyncio
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

STREAMS = re.compile(r"/api/((runs|sweeps)/[^/]+/)?events")

AT_ONCE = 2
"""Streams that may begin at the same time: while one waits for the store, which is read in a thread, the event loop works on the other."""


class Turns:
    """Middleware: AT_ONCE streams may be beginning at any time; others wait, first come, first served. All other requests pass."""

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
    """A stream's turn to begin. It is over when the answer begins, or when the request ends without one."""

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
