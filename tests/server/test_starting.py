"""The first seconds of a server, while PyTorch is being loaded."""

import subprocess
import sys

from tests.conftest import ROOT


def test_health_answers_before_all_is_loaded_and_the_rest_waits(own_server):
    live = own_server()  # returns with the first answer
    first = live.client.get("/api/health").json()
    assert first["status"] == "ok" and isinstance(first["ready"], bool) and first["engine"] == "local"
    assert "sections" in live.client.get("/api/catalog").json()
    later = live.client.get("/api/health").json()
    assert later["ready"] is True and later["device"] in ("cpu", "cuda")


def test_a_server_told_to_stop_while_it_loads_ends_well(own_server):
    live = own_server()
    live.process.terminate()
    assert live.process.wait(60) == 0


def test_a_server_that_cannot_start_says_why_and_fails(tmp_path):
    (tmp_path / "data").write_text("a file where a folder should be")
    options = ["--port", "0", "--data-dir", str(tmp_path / "data")]
    ended = subprocess.run([sys.executable, "-m", "server", *options], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode != 0 and str(tmp_path / "data") in ended.stderr
