"""What comes in and what does not, over real HTTP."""

import re

import pytest

from server.frontend import FRONTEND

PAGES = ["/", "/phase", "/docs", "/runs/nothing", "/static/js/main.js", "/api/health", "/api/nothing"]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_a_strict_policy(server, path):
    headers = server.client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert "unsafe-inline" not in str(policy)
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self' 'unsafe-eval'" and policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"


def test_the_page_never_makes_code_of_text():
    code_of_text = re.compile(r"\beval\(|\bFunction\(|set(Timeout|Interval)\(\s*[\"'`]|innerHTML|outerHTML|insertAdjacentHTML")
    ours = [module for folder in ("js", "i18n") for module in (FRONTEND / folder).rglob("*.js")]
    assert ours and [module.name for module in ours if code_of_text.search(module.read_text())] == []


def test_only_the_view_without_controls_may_stand_in_a_frame(server):
    assert "frame-ancestors * file:" in server.client.get("/runs/nothing?embed=1").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in server.client.get("/runs/nothing?embed=10").headers["content-security-policy"]


def test_another_sites_page_may_not_write(server):
    config = {"network": {"depth": 2, "width": 4}, "training": {"steps": 1}}
    refused = server.client.post("/api/runs", json=config, headers={"Origin": "https://elsewhere.example"})
    assert refused.status_code == 403 and refused.headers["content-type"] == "application/problem+json"
    assert "elsewhere.example" in refused.json()["detail"]
    for origin in ("null", "http://127.0.0.1:1"):
        assert server.client.post("/api/preview", json=config, headers={"Origin": origin}).status_code == 403
    assert server.client.post("/api/preview", json=config, headers={"Origin": server.url}).status_code == 200
    assert server.client.get("/api/runs", headers={"Origin": "https://elsewhere.example"}).status_code == 200
