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
    assert live.process.wait(120) == 0


def why_it_ends(data_dir, *more):
    """What a server that cannot start with this data directory and these options says."""
    options = ["--port", "0", "--data-dir", str(data_dir), *more]
    ended = subprocess.run([sys.executable, "-m", "server", *options], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    return ended.stderr


def test_a_server_that_cannot_start_says_why_and_fails(tmp_path):
    (tmp_path / "file").write_text("a file where a folder should be")
    assert str(tmp_path / "file") in why_it_ends(tmp_path / "file")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sigprop.db").write_bytes(b"not a database at all" * 100)
    said = why_it_ends(tmp_path / "data")
    assert "sigprop.db" in said and "damaged" in said and "Move the file away" in said


def test_an_option_that_cannot_be_is_named_with_what_can(tmp_path):
    assert why_it_ends(tmp_path, "--threads", "0", "--max-queue", "x").splitlines() == [
        "--threads (SIGPROP_THREADS): Input should be greater than or equal to 1; got '0'",
        "--max-queue (SIGPROP_MAX_QUEUE): Input should be a valid integer, unable to parse string as an integer; got 'x'"]
