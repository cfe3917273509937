"""Every endpoint under generated requests, good and bad: no error of the server's own, and every answer as its description says."""

from collections import Counter

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.conftest import start_server

EXAMPLES = 90
"""Of each operation that takes anything; there are 24 of them."""

LIMITS = ("--max-run-flops", "1e9", "--max-preview-flops", "1e9", "--max-memory-gib", "0.05", "--max-frames", "20", "--max-queue", "5",
          "--threads", "1", "--dataset-mirror", "/nowhere")
TINY = {"network": {"depth": 2, "width": 4}, "data": {"name": "moons", "batch_size": 8, "samples": 40}, "training": {"steps": 2}}
MAP = {"base": {"network": {"depth": 2, "width": 4}, "data": {"name": "gaussian", "batch_size": 2}},
       "sigma_w2": {"low": 1, "high": 2, "count": 2}, "sigma_b2": {"low": 0, "high": 1, "count": 2}}

OUR_CHECKS = [not_a_server_error, positive_data_acceptance]
"""Left out: a data set that cannot be had is a 503, and what the limits or the machine do not allow is refused though the schema has it."""


NEVER_SUCCEED = {"POST /api/weights", "POST /api/runs/{run_id}/cancel", "POST /api/sweeps/{sweep_id}/cancel"}
"""One takes a safetensors file and not any bytes, the others a run that is not over, as the known ones are."""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server on which nothing takes long."""
    live = start_server(tmp_path_factory.mktemp("every") / "data", *LIMITS)
    yield live
    live.stop()


@pytest.fixture(scope="module")
def known(small):
    """Names that lead somewhere, by the parameter that takes them."""
    kept = {**TINY, "capture": {"weights": True}}
    runs = [small.client.post("/api/runs", json={**kept, "seed": seed}).json()["id"] for seed in range(3)]
    sweep = small.client.post("/api/sweeps", json=MAP).json()["id"]
    assert [small.finished(run)["status"] for run in runs] == ["finished"] * 3
    return {"run_id": runs, "sweep_id": [sweep], "source": runs, "runs": runs}


def of_something_known(case, name, value):
    """The same request with a name that leads somewhere, which may have been all that was bad about it: that is no longer checked."""
    (case.path_parameters if f"{{{name}}}" in case.operation.path else case.query)[name] = value
    return case, [*OUR_CHECKS, negative_data_rejection]


def small_enough(case):
    """The same request for a network that the server takes, with whatever else was asked for."""
    body = case.body
    if isinstance(body, dict):
        inner = body.get("base") if "sigma_w2" in body else body
        if isinstance(inner, dict):
            inner.update({key: {**(inner.get(key) if isinstance(inner.get(key), dict) else {}), **value} for key, value in TINY.items()})
    return case, OUR_CHECKS


def requests_for(operation, known):
    """Good and bad requests, half of them changed so that they get further, each with the checks that are not for it."""
    good, bad = (operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE))
    parameters = {parameter["name"] for parameter in operation.definition.raw.get("parameters", ())}
    further = [st.builds(of_something_known, st.one_of(good, bad), st.just(name), st.sampled_from(known[name]))
               for name in sorted(parameters & known.keys())]
    if "requestBody" in operation.definition.raw and not further:
        further = [st.builds(small_enough, good)]
    return st.one_of(st.tuples(good, st.just(OUR_CHECKS)), st.tuples(bad, st.just(OUR_CHECKS)), *2 * further)


def in_order(schema):
    """Operations, those last that take away what the others look at, and runs after what they have."""
    return sorted((found.ok() for found in schema.get_all_operations()),
                  key=lambda operation: (operation.method == "delete", "run_id" in operation.path))


@pytest.mark.slow
@pytest.mark.timeout(1500)  # minutes on a busy machine
def test_every_answer_is_as_described_and_none_is_a_failure(small, known):
    answers = Counter()
    session = requests.Session()
    for operation in in_order(schemathesis.openapi.from_url(f"{small.url}/openapi.json")):
        @settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))
        @given(requests_for(operation, known))
        def holds(request):
            case, not_for_it = request
            answer = case.call(session=session, timeout=60)
            answers[case.operation.label, answer.status_code] += 1
            assert answer.status_code < 500 or answer.status_code == 503, f"{case.as_curl_command()}\n{answer.text}"
            case.validate_response(answer, excluded_checks=not_for_it)

        holds()
    assert answers.total() >= 2000
    succeeded = {label for label, status in answers if status < 300}
    assert {label for label, _ in answers} - succeeded <= NEVER_SUCCEED
    assert small.client.get("/api/health").json()["status"] == "ok"
