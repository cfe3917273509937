"""The OpenAPI document, corrected where FastAPI's own does not describe how this server answers errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from server.errors import MEDIA_TYPE
from server.security import WRITES

PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}

REPLACED = ("HTTPValidationError", "ValidationError")
"""FastAPI's own schemas of errors, which no answer here has."""

FOREIGN = "a page of another site asks for it"
STORE = "the store cannot be used: its disk is full, or another program holds it"
TOO_LARGE = "the body is larger than this server takes"


class Api(FastAPI):
    """FastAPI with an OpenAPI document in which every error is a problem (server/errors.py), those that middleware answers included."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            for method, operation in _operations(document):
                _describe(method, operation)
            for name in REPLACED:
                document["components"]["schemas"].pop(name, None)
        return self.openapi_schema or {}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for methods in document["paths"].values():
        yield from methods.items()


def _describe(method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    answers.setdefault("503", {"description": STORE})
    if method.upper() in WRITES:
        answers["403"] = {"description": FOREIGN}
    if "requestBody" in operation:
        answers["413"] = {"description": TOO_LARGE}
    for status, answer in answers.items():
        if int(status) >= 400:
            answer["content"] = PROBLEM
