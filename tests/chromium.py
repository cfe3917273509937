"""The browser that tests and benchmarks drive."""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import Browser, Playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--no-first-run"]
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that there is; the Makefile names the same."""


def launch(playwright: Playwright) -> Browser:
    """The browser named by CHROMIUM, else the first that is installed."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)))
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
