"""What `make audit` makes of what pip-audit says. (The answers have the shape of pip-audit 2.10's own.)"""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "audit.py"
spec = importlib.util.spec_from_file_location("audit", SCRIPT)
audit = importlib.util.module_from_spec(spec)
spec.loader.exec_module(audit)

GOOD = {"name": "numpy", "version": "2.4.6", "vulns": []}
BAD = {"name": "jinja2", "version": "2.4.1", "vulns": [{"id": "PYSEC-2014-8", "fix_versions": ["2.7.3"], "aliases": [], "description": ""}]}
SKIPPED = {"name": "torch", "skip_reason": "Dependency not found on PyPI and could not be audited: torch (2.13.0)"}


@pytest.mark.parametrize(("dependencies", "status", "words"), [
    ([GOOD], 0, ["1 pinned packages"]), ([GOOD, SKIPPED], 0, ["1 pinned", "1 are not in the database"]), ([SKIPPED], 0, ["NOT AUDITED"]),
    ([GOOD, BAD], 1, ["jinja2 2.4.1", "PYSEC-2014-8", "2.7.3"])])
def test_only_a_vulnerability_fails(dependencies, status, words):
    found, sentence = audit.verdict(json.dumps({"dependencies": dependencies, "fixes": []}), "")
    assert found == status and all(word in sentence for word in words)


def test_a_database_that_does_not_answer_is_said():
    said = "Traceback ...\nrequests.exceptions.ConnectionError: Failed to resolve 'api.osv.dev'\n"
    assert audit.verdict("", said) == (0, "NOT AUDITED: the advisory database could not be asked. "
                                          "requests.exceptions.ConnectionError: Failed to resolve 'api.osv.dev'")
    assert audit.verdict("", "")[0] == 0
