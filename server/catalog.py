"""The catalogue as the API gives it: that of the models, with what this server adds."""

from __future__ import annotations

from functools import cache
from typing import Any

import models
from models import catalog as choices
from server import lessons, limits
from server.settings import Settings


def catalog(settings: Settings) -> dict[str, Any]:
    """The JSON of server.records.Catalog: every choice and control, with version, limits and the lessons that there are now."""
    return {**_of_the_models(), "version": models.__version__, "limits": limits.as_json(settings), "lessons": lessons.entries()}


@cache
def _of_the_models() -> dict[str, Any]:
    return choices.catalog()
