"""Asks the advisory database whether a pinned dependency has a known vulnerability: `make audit`.

Ends with 1 where one has. Where the database cannot be reached that is said, and it ends with 0: what is pinned has not changed by that.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
COMMAND = [sys.executable, "-m", "pip_audit", "--requirement", str(CONSTRAINTS), "--no-deps", "--disable-pip", "--format", "json",
           "--progress-spinner", "off"]


def verdict(output: str, said: str) -> tuple[int, str]:
    """The exit code and what to say, from what pip-audit wrote to its standard output and its standard error."""
    try:
        found = json.loads(output)["dependencies"]
    except ValueError:
        return 0, f"NOT AUDITED: the advisory database could not be asked. {said.strip().splitlines()[-1] if said.strip() else ''}"
    looked_at = [package for package in found if "skip_reason" not in package]
    if not looked_at:
        return 0, f"NOT AUDITED: the advisory database could not be reached, or knows none of {len(found)} packages."
    bad = [f"{package['name']} {package['version']}: {bug['id']}, mended in {', '.join(bug['fix_versions']) or 'no version yet'}"
           for package in looked_at for bug in package["vulns"]]
    unknown = f" ({len(found) - len(looked_at)} are not in the database)" if len(looked_at) < len(found) else ""
    return (1, "\n".join(bad)) if bad else (0, f"{len(looked_at)} pinned packages have no known vulnerability{unknown}.")


if __name__ == "__main__":
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    status, sentence = verdict(done.stdout, done.stderr)
    print(sentence)
    sys.exit(status)
