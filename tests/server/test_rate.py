"""How much one client may ask: over real HTTP, and minute by minute with a clock of its own."""

from server.rate import MOST_CLIENTS, Allowance, client_of
from tests.server.test_api import problem


def test_a_client_that_asks_too_much_is_told_when_to_ask_again(own_server):
    server = own_server("--requests-per-minute", "5")
    server.client.get("/static/icon.svg")  # waits until all is loaded, and is not counted

    def ask(client):
        # A proxy on this machine says for whom it asks; what comes from elsewhere cannot.
        return server.client.get("/api/catalog", headers={"X-Forwarded-For": client})

    answers = [ask("192.0.2.1") for _ in range(50)]
    assert {answer.status_code for answer in answers} == {200, 429} and [answer.status_code for answer in answers[:5]] == [200] * 5
    body = problem(next(answer for answer in answers if answer.status_code == 429), 429)
    assert "5 requests" in body["detail"] and 1 <= int(answers[-1].headers["retry-after"]) <= 12
    assert ask("192.0.2.2").status_code == 200
    assert server.client.get("/api/health", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 200
    assert server.client.get("/static/js/main.js", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 200


def test_what_was_asked_grows_back_within_a_minute():
    allowance = Allowance(60)
    assert [allowance.take("a", 0.0) for _ in range(60)] == [0.0] * 60
    assert allowance.take("a", 0.0) == 1.0 and allowance.take("a", 0.25) == 0.75
    assert allowance.take("a", 1.0) == 0.0 and allowance.take("a", 1.0) == 1.0
    assert [allowance.take("a", 1000.0) for _ in range(61)] == [0.0] * 60 + [1.0]


def test_over_any_time_no_more_than_a_minutes_worth_beside_the_first():
    """Asked every 10 ms for ten minutes, 60 a minute: the 60 at once, and one for every second after."""
    allowance = Allowance(60)
    passed = sum(allowance.take("a", step / 100) == 0.0 for step in range(60_001))
    assert abs(passed - (60 + 600)) <= 1


def test_memory_is_bounded_and_a_household_is_one_client():
    allowance = Allowance(60)
    for number in range(MOST_CLIENTS + 100):
        allowance.take(str(number), 0.0)
    assert len(allowance.left) == MOST_CLIENTS
    assert client_of({"client": ("2001:db8:1:2::1", 1)}) == client_of({"client": ("2001:db8:1:2:ffff::9", 2)}) != \
        client_of({"client": ("2001:db8:1:3::1", 1)})
    assert client_of({"client": ("192.0.2.1", 1)}) == "192.0.2.1" and client_of({}) == ""
