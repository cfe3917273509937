"""What the server counts about itself."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from server.deps import MetricsDep

router = APIRouter(prefix="/metrics", tags=["about"])


@router.get("", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(found: MetricsDep) -> Response:
    """Queue, runs, frames, steps, viewers, workers and storage, in Prometheus' text format."""
    return Response(found.page(), media_type=CONTENT_TYPE_LATEST)
