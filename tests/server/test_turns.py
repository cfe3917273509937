"""Streams begin in turn."""

import asyncio

import pytest

from server.turns import AT_ONCE, Turns
from tests.conftest import in_a_loop

STREAM = {"type": "http", "path": "/api/runs/abc/events"}


class Begins:
    """An application whose answers take a while to begin, and longer to end."""

    def __init__(self):
        self.beginning = self.most = self.open = 0

    async def __call__(self, scope, receive, send):
        self.beginning += 1
        self.most = max(self.most, self.beginning)
        await asyncio.sleep(0.001)
        self.beginning -= 1
        if scope.get("fails"):
            raise RuntimeError("no answer")
        await send({"type": "http.response.start"})
        self.open += 1
        await receive()


async def nothing(message):
    pass


def test_streams_begin_a_few_at_a_time_and_are_open_together():
    async def opened():
        app, closed = Begins(), asyncio.Event()
        turns = Turns(app)
        streams = [asyncio.create_task(turns(STREAM, closed.wait, nothing)) for _ in range(30)]
        while app.open < 30:
            await asyncio.sleep(0.001)
        closed.set()
        await asyncio.gather(*streams)
        return app.most

    assert in_a_loop(opened()) == AT_ONCE


def test_other_requests_do_not_wait_and_a_failure_gives_its_turn_back():
    async def together():
        app, closed = Begins(), asyncio.Event()
        closed.set()
        turns = Turns(app)
        for _ in range(AT_ONCE + 1):
            with pytest.raises(RuntimeError):
                await turns({**STREAM, "fails": True}, closed.wait, nothing)
        await asyncio.gather(*(turns({"type": "http", "path": "/api/health"}, closed.wait, nothing) for _ in range(30)))
        return app.most, app.open

    assert in_a_loop(together()) == (30, 30)
