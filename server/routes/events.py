"""Several runs in one stream: browsers open at most six connections to a server, and a comparison may have more runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query

from models.words import say
from server import sse
from server.deps import BadQuery, RunsDep, StreamsDep, ViewDep
from server.errors import ProblemDetails, at_field
from server.records import RunRecord
from server.stream import Event, until_trouble

router = APIRouter(prefix="/api/events", tags=["runs"], responses={422: {"model": ProblemDetails}})

PLACES = r"^-?\d{1,15}(,-?\d{1,15})*$"


async def _places(
    runs: RunsDep,
    after: Annotated[str | None, Query(pattern=PLACES, description="for each run, only frames with a seq above this; -1 for all")] = None,
    last_event_id: Annotated[str | None, Header(pattern=PLACES, description="where the client was before a lost connection")] = None,
) -> list[int]:
    """The newest frame that the client has of each run."""
    places = [int(place) for place in (last_event_id or after or ",".join("-1" for _ in runs)).split(",")]
    if len(places) != len(runs):
        raise BadQuery(**at_field("after", say("{places} {places|place|places} for {runs} {runs|run|runs}; give one for each run, in their "
                                               "order",
                                               places=len(places), runs=len(runs))))
    return places


@router.get("", response_class=sse.Streaming,
            responses={404: {"model": ProblemDetails, "description": "there is no such run"}, **sse.DESCRIBED})
async def events(
    runs: RunsDep, streams: StreamsDep, stream: sse.StreamDep, view: ViewDep, places: Annotated[list[int], Depends(_places)],
) -> sse.Streaming:
    """Server-sent events `status:ID`, `frame:ID` and `end:ID`, with the data of a single run's events. An event's id says, for
    each run, the newest frame sent, so that a lost connection is taken up where it broke."""
    return sse.respond(_together(streams.several(runs, list(places), view), runs, places), stream)


async def _together(events: AsyncGenerator[tuple[int, Event]], runs: list[RunRecord], places: list[int]) -> AsyncGenerator[sse.Named]:
    async with aclosing(events):
        with until_trouble():
            async for which, event in events:
                places[which] = places[which] if event.seq is None else event.seq
                yield sse.Named(f"{event.kind}:{runs[which].id}", event.body, ",".join(map(str, places)))
