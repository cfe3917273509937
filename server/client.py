"""A client for notebooks: a run in three lines. It needs httpx, and for tables pandas.

    from server.client import Client
    run = Client("http://127.0.0.1:8000").run({"network": {"depth": 50, "activation": {"name": "tanh"}}})
    run.figure("activation")      # and run.frames is a table
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects

POLL_S = 0.2
OVER = ("finished", "diverged", "cancelled", "failed")

Progress = Callable[[dict[str, Any]], object]
"""Called with the run's record whenever it has changed."""


class ClientError(RuntimeError):
    """The server's problem (RFC 9457) in words; `problem` is all of it."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem.get('status')} {problem.get('title')}: {problem.get('detail')}")
        self.problem = problem


def say(record: dict[str, Any]) -> None:
    """Writes the progress to standard output, over the line it wrote before."""
    words, fetching = record["status"], record["fetching"]
    if fetching:
        words = f"fetching {fetching['name']} {100 * fetching['done_bytes'] // max(1, fetching['total_bytes'])} %"
    sys.stdout.write(f"\r{words} · step {record['steps_done']}/{record['steps_total']}{' ' * 20}")
    if record["status"] in OVER:
        sys.stdout.write("\n")
    sys.stdout.flush()


class Client:
    """Talks to a dashboard's server. token: where the server asks for one; by default the environment's SIGPROP_TOKEN."""

    def __init__(self, url: str = "http://127.0.0.1:8000", timeout_s: float = 60.0, token: str | None = None) -> None:
        token = token or os.environ.get("SIGPROP_TOKEN")
        self.http = httpx.Client(base_url=url, timeout=timeout_s, headers={"Authorization": f"Bearer {token}"} if token else {})

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def run(self, config: dict[str, Any] | None = None, *, fresh: bool = False, progress: Progress | None = say) -> Run:
        """Runs the configuration and waits for its end; interrupting it (Ctrl-C) cancels the run. A configuration that has been run before
        is not run again, unless with `fresh`: the first run is returned.

        Raises ClientError where the server refuses it. A run that failed is returned: its `record` says why.
        """
        record = self._answer("POST", "/api/runs", json=config or {}, params={"fresh": fresh})
        try:
            return self.open(record["id"], progress=progress)
        except KeyboardInterrupt:
            self._answer("POST", f"/api/runs/{record['id']}/cancel")
            raise

    def open(self, run_id: str, *, progress: Progress | None = None) -> Run:
        """A run by its id, once it is over."""
        shown: dict[str, Any] | None = None
        while True:
            record = self._answer("GET", f"/api/runs/{run_id}")
            if progress is not None and record != shown:
                progress(record)
            if record["status"] in OVER:
                return Run(self, record)
            shown = record
            time.sleep(POLL_S)

    def preview(self, config: dict[str, Any] | None = None) -> dict[str, Any]:
        """The network at initialization: config, layers, frame, theory and findings."""
        return self._answer("POST", "/api/preview", json=config or {})

    def get(self, path: str) -> bytes:
        """The body of the server's answer at this path. Raises ClientError."""
        return self._checked("GET", path).content

    def _answer(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._checked(method, path, **more).json()
        return found

    def _checked(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self.http.request(method, path, **more)
        if answer.is_success:
            return answer
        if answer.headers.get("content-type") == "application/problem+json":
            raise ClientError(answer.json())
        raise ClientError({"status": answer.status_code, "title": answer.reason_phrase, "detail": answer.text[:200]})


class Run:
    """A run that is over. `record` is the server's, `steps` are its frames as JSON, `frames` all their numbers as a table."""

    def __init__(self, client: Client, record: dict[str, Any]) -> None:
        self.client = client
        self.record = record
        self._steps: list[dict[str, Any]] = []

    def __repr__(self) -> str:
        return f"<run {self.record['id']}: {self.record['status']}, {self.record['frames']} frames, {self.url}>"

    @property
    def url(self) -> str:
        """The page that shows it."""
        return str(self.client.http.base_url.join(self.record["url"]))

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The frames as the API has them, with their histograms."""
        while len(self._steps) < self.record["frames"]:
            path = f"/api/runs/{self.record['id']}/frames?after={len(self._steps) - 1}&limit=50"
            self._steps += self.client._answer("GET", path)["frames"]
        return self._steps

    @property
    def frames(self) -> pandas.DataFrame:
        """Every number of every frame: run, step, layer, quantity, statistic, value.

        What is said of the whole network (every step's loss, accuracy, ...) has the quantity "training" and no layer, and so
        has "input"; "normalization" is γ, β and the running statistics. NaN is a number that is not finite, or that there is not.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("frames are a pandas DataFrame, and pandas is not installed: pip install pandas. "
                              "Without it, `run.steps` has the same numbers as plain lists.") from error
        text = io.BytesIO(self.client.get(f"/api/runs/{self.record['id']}/export.csv"))
        return pandas.read_csv(text, dtype={"run": str, "layer": "Int64", "value": float})

    def figure(self, quantity: str = "activation", step: int | None = None) -> plotly.graph_objects.Figure:
        """Two pictures side by side: share of each layer's values by log10|x| at a step (by default the last), and the loss."""
        from plotly.graph_objects import Heatmap, Scatter
        from plotly.subplots import make_subplots

        frame = self._frame(quantity, step)
        bins = frame["quantities"][quantity]["log10"]
        figure = make_subplots(cols=2, column_titles=[f"{quantity}, step {frame['step']}", "training loss"])
        figure.add_trace(Heatmap(x=frame["layers"], y=_centres(bins), z=_columns(bins["counts"]), colorscale="Viridis",
                                 colorbar={"title": "share", "x": 0.45}), row=1, col=1)
        steps, losses = self._losses()
        figure.add_trace(Scatter(x=steps, y=losses, mode="lines", name="loss"), row=1, col=2)
        figure.update_xaxes(title="layer", col=1).update_yaxes(title="log10|x|", col=1)
        figure.update_xaxes(title="step", col=2).update_yaxes(title="loss (nats)", col=2)
        figure.update_layout(showlegend=False)
        return figure

    def _frame(self, quantity: str, step: int | None) -> dict[str, Any]:
        """The frame of that step, or the last one that has the quantity."""
        fitting = [frame for frame in self.steps if quantity in frame["quantities"] and step in (None, frame["step"])]
        if not fitting:
            known = sorted({name for frame in self.steps for name in frame["quantities"]})
            raise ValueError(f"quantity {quantity!r} at step {step}: no frame has it; there are {', '.join(known)} "
                             f"at steps {[frame['step'] for frame in self.steps]}")
        return fitting[-1]

    def _losses(self) -> tuple[list[int], list[float | None]]:
        """(steps, losses) of all steps: a frame has the losses of the steps since the frame before it."""
        steps: list[int] = []
        losses: list[float | None] = []
        for frame in self.steps:
            first = frame["step"] - len(frame["losses"]) + 1
            steps += range(first, frame["step"] + 1)
            losses += frame["losses"]
        return steps, losses


def _centres(bins: dict[str, Any]) -> list[float]:
    count = len(bins["counts"][0])
    width = (bins["high"] - bins["low"]) / count
    return [bins["low"] + (number + 0.5) * width for number in range(count)]


def _columns(counts: list[list[int]]) -> list[list[float | None]]:
    """Counts [layer][bin] as shares of each layer, [bin][layer]; None in a layer without counts."""
    shares = [[count / sum(row) for count in row] if sum(row) else [None] * len(row) for row in counts]
    return [list(column) for column in zip(*shares, strict=True)]
