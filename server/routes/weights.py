"""Trained weights that a network can start from: what there is, a file in, a file out."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from models.words import say
from server import keeping, weights
from server.deps import SettingsDep, StoreDep
from server.errors import NotFound, ProblemDetails

router = APIRouter(prefix="/api/weights", tags=["weights"])

PATH = "/api/weights"

SourcePath = Annotated[str, Path(description="a run's id or a file's name", max_length=128)]


class Source(BaseModel):
    """Weights that `init.source` can name."""

    source: str
    bytes: int


class SourceList(BaseModel):
    """All of them, newest first."""

    weights: list[Source]


class Upload(BaseModel):
    """What was uploaded: the name to give as `init.source`, and its tensors with their shapes."""

    source: str = Field(description="made of the file's content: the same file has the same name")
    tensors: dict[str, list[int]]


@router.get("")
def listing(settings: SettingsDep) -> SourceList:
    """Weights of runs that kept them, uploads, and files put into the data directory."""
    return SourceList(weights=[Source(source=name, bytes=size) for name, size in weights.listing(settings.places.weights)])


@router.post("", status_code=201, responses={
    413: {"model": ProblemDetails}, 422: {"model": ProblemDetails}, 503: {"model": ProblemDetails, "description": "the store is full"}},
             openapi_extra={"requestBody": {"required": True, "content": {
                 "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}})
async def upload(request: Request, settings: SettingsDep, store: StoreDep) -> Upload:
    """Keeps a .safetensors file: the body is the file itself. Pickle files (torch.save) are refused."""
    source, tensors = await weights.receive(settings.places.weights, request.stream(), settings.max_upload_bytes,
                                            partial(keeping.require_room, store, settings))
    await run_in_threadpool(keeping.make_room, store, settings)
    return Upload(source=source, tensors=tensors)


@router.get("/{source}", response_class=FileResponse, responses={
    200: {"content": {"application/octet-stream": {}}}, 404: {"model": ProblemDetails}, 422: {"model": ProblemDetails}})
async def download(source: SourcePath, settings: SettingsDep) -> FileResponse:
    """The weights as a safetensors file."""
    path = weights.path_of(settings.places.weights, source)
    if not await run_in_threadpool(path.exists):
        raise NotFound(say("There are no weights {source!r} on this server; GET /api/weights lists those there are.", source=source))
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@router.delete("/{source}", status_code=204, responses={
    404: {"model": ProblemDetails, "description": "there are no such weights"}, 422: {"model": ProblemDetails},
    409: {"model": ProblemDetails, "description": "a run that waits or trains starts from them"}})
def remove(source: SourcePath, settings: SettingsDep, store: StoreDep) -> None:
    """Takes weights away; the run that kept them, and those that started from them, stay."""
    keeping.forget_weights(store, settings, source)
