"""What `deploy` holds: read as Compose, the builder of images and Dagster's chart read it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._core.instance.config import ConcurrencyConfig
from dagster._core.instance.ref import InstanceRef
from dagster._core.run_coordinator import QueuedRunCoordinator

from catalog_pipeline_tests.deployed import COMPOSE, DEPLOY, ENTRYPOINT, Deployed, compose

ROOT = DEPLOY.parent
WORKERS = ("worker-1", "worker-2")
OURS = ("code", "daemon", "webserver", *WORKERS)
PINNED = re.compile(r"[a-z/.-]+:\d+(\.\d+)+(-[a-z0-9.-]+)?")
SERVICE_KEYS = {
    *("image", "build", "command", "environment", "secrets", "configs", "volumes", "tmpfs"),
    *("user", "read_only", "init", "restart", "cap_drop", "security_opt", "logging", "ports"),
    *("depends_on", "healthcheck", "deploy", "stop_grace_period", "shm_size", "entrypoint"),
}
"""Of the keys that the Compose specification knows, those that the file has use for."""


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


@pytest.mark.parametrize("name", services())
def test_a_service_may_do_little_and_is_looked_after(name: str) -> None:
    service = services()[name]
    assert service.keys() <= SERVICE_KEYS
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["deploy"]["resources"]["limits"]["memory"]
    if service["restart"] != "no":
        keys = {"test", "interval", "timeout", "retries", "start_period"}
        assert service["healthcheck"].keys() == keys
    assert name in OURS or PINNED.fullmatch(service["image"]), "a tag that stays what it is"


def test_whatever_a_service_names_is_there() -> None:
    content = compose()
    for service in content["services"].values():
        for secret in service.get("secrets", []):
            assert secret in content["secrets"]
        for config in service.get("configs", []):
            assert (DEPLOY / content["configs"][config["source"]]["file"]).is_file()
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in content["volumes"] or source.startswith("..")
        assert service.get("depends_on", {}).keys() <= content["services"].keys()
    for dependency in ("postgres", "code"):
        condition = content["services"]["daemon"]["depends_on"][dependency]["condition"]
        assert condition == "service_healthy"


def test_no_secret_is_a_variable_and_nothing_is_reachable_from_elsewhere() -> None:
    for service in services().values():
        secret = [name for name in service["environment"] if "PASSWORD" in name or "SECRET" in name]
        assert all(name.endswith("_FILE") for name in secret)
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.processes
def test_the_script_makes_each_secret_that_compose_asks_for_and_leaves_it(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    contents = []
    for _ in range(2):
        subprocess.run([DEPLOY / "make-secrets.sh", folder], check=True)
        contents.append({path.name: path.read_text() for path in folder.iterdir()})
    first, second = contents
    assert first == second
    asked = {Path(secret["file"]).name for secret in compose()["secrets"].values()}
    assert first.keys() == asked
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in folder.iterdir())
    (identity,) = json.loads(first["store_identities"])["identities"]
    (credentials,) = identity["credentials"]
    environment = services()["code"]["environment"]
    assert credentials["accessKey"] == environment["AWS_ACCESS_KEY_ID"]
    assert credentials["secretKey"] == first["store_secret"]
    assert min(map(len, first.values())) == 48


@pytest.mark.parametrize("name", OURS)
def test_our_services_share_one_image_and_database_and_workers_have_homes_of_their_own(
    name: str,
) -> None:
    ours = {each: services()[each] for each in OURS}
    for key in ("image", "environment", "configs", "user", "tmpfs", "secrets"):
        assert ours[name][key] == ours["code"][key]
    own = {each.split(":")[0] for each in ours[name]["volumes"] if each[:4] in ("home", "work")}
    end = name.removeprefix("worker") if name in WORKERS else ""
    assert own == {f"home{end}", f"work{end}"}
    targets = {each.split(":")[1] for each in ours[name]["volumes"]}
    assert targets == {each.split(":")[1] for each in ours["code"]["volumes"]}
    assert [each for each in OURS if "build" in ours[each]] == ["code"]


def test_no_more_runs_are_begun_than_the_workers_have_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Dagster reads the file: a run beyond them would wait in the broker, and fail there."""
    words = [word for name in WORKERS for word in services()[name]["command"]]
    rooms = [int(word.partition("=")[2]) for word in words if word.startswith("--concurrency=")]
    assert len(rooms) == len(WORKERS)
    for name in ("USERNAME", "PASSWORD", "HOST", "DB"):
        monkeypatch.setenv(f"DAGSTER_PG_{name}", "given")
    monkeypatch.setenv("DAGSTER_PG_PORT", "5432")
    settings = DEPLOY / compose()["configs"]["dagster"]["file"]
    (tmp_path / "dagster.yaml").write_text(settings.read_text(encoding="utf-8"))
    reference = InstanceRef.from_dir(str(tmp_path))
    coordinator = reference.run_coordinator
    assert isinstance(coordinator, QueuedRunCoordinator)
    concurrency: Any = reference.settings["concurrency"]
    queue = ConcurrencyConfig.from_concurrency_settings(
        concurrency, coordinator.get_run_queue_config()
    ).run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == sum(rooms)


def test_what_the_docs_ask_of_compose_finds_its_file_its_services_and_its_network() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    before, _, _ = text.partition("docker compose up")
    assert f"export COMPOSE_FILE={COMPOSE.relative_to(ROOT)}" in before
    commands = re.findall(r"docker compose (\w+)([^`#\n<>]*)", text)
    assert {name for name, _ in commands} == {"up", "stop", "logs", "run", "exec", "build", "down"}
    for name, rest in commands:
        words = [word for word in rest.split() if not word.startswith("-")]
        named = words[:1] if name in ("run", "exec") else words
        assert {*named} <= services().keys(), f"docker compose {name}{rest}"
    assert f"--network {compose()['name']}_default" in text
    environment = services()["code"]["environment"]
    assert f"--endpoint-url {environment['AWS_ENDPOINT_URL']}" in text
    assert f"AWS_ACCESS_KEY_ID={environment['AWS_ACCESS_KEY_ID']} " in text
    assert f"/copy {environment['CATALOG_PIPELINE_DATA']}\n" in text


def dockerfile() -> list[list[str]]:
    """The instructions of the Dockerfile, stage by stage, each on a line."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    joined = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [" ".join(line.split()) for line in joined.splitlines() if line.strip()]
    stages: list[list[str]] = []
    for line in lines:
        if line.startswith("FROM "):
            stages.append([])
        stages[-1].append(line)
    return stages


def test_the_image_is_built_in_stages_of_which_the_last_has_no_tools_and_no_root() -> None:
    build, final = dockerfile()
    for stage in (build, final):
        assert PINNED.fullmatch(stage[0].split()[1])
    assert build[0].endswith(" AS build")
    assert not [line for line in (*build, *final) if "apt-get" in line or "gcc" in line]
    assert not [line for line in final if "pip install" in line]
    assert [line for line in final if "pip uninstall" in line]
    assert final[-4:][0] == "USER 10001:10001"
    assert [line.split()[-2:] for line in final if line.startswith("COPY --from")] == [
        ["/opt/catalog_pipeline", "/opt/catalog_pipeline"]
    ]
    assert all(services()[name]["user"] == "10001:10001" for name in OURS)


def test_the_image_is_made_of_what_is_there_and_of_extras_that_there_are() -> None:
    build, final = dockerfile()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = [line.split()[1:-1] for line in (*build, *final) if line.startswith("COPY ")]
    sources = {each for words in copied for each in words if not each.startswith("--")}
    sources.discard("/opt/catalog_pipeline")
    assert sources == let_in
    assert all((ROOT / source).exists() for source in sources)
    (extras,) = [line.partition("=")[2] for line in build if line.startswith("ARG EXTRAS")]
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f"\n{extra} = [" in settings for extra in extras.split(","))


@pytest.mark.processes
def test_the_entrypoint_reads_secrets_and_gives_the_process_to_the_command(tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "secret"
    secret.parent.mkdir()
    secret.write_text('pass $word\'s "end" \\n\n')
    environ = {
        "PATH": os.environ["PATH"],
        "SECRETS_FOLDER": str(secret.parent),
        "A_SECRET_FILE": str(secret),
        "B_FILE": str(secret),
    }
    shown = [str(ENTRYPOINT), "sh", "-c", 'printf "%s|%s" "$A_SECRET" "$B"']
    told = subprocess.run(
        shown, env={**environ, "B": "set"}, capture_output=True, text=True, check=True
    )
    assert told.stdout == 'pass $word\'s "end" \\n|set'
    nowhere = str(secret.with_name("nowhere"))
    missing = subprocess.run(
        shown, env={**environ, "A_SECRET_FILE": nowhere}, capture_output=True, text=True
    )
    assert missing.returncode == 78
    assert f"A_SECRET_FILE names {nowhere}" in missing.stderr


@pytest.mark.processes
@pytest.mark.parametrize("folder", [{}, {"SECRETS_FOLDER": "/elsewhere"}])
def test_the_entrypoint_leaves_files_that_are_no_secrets_alone(
    tmp_path: Path, folder: dict[str, str]
) -> None:
    """Libraries have variables that end so, too, of files that are theirs to read."""
    certificates = tmp_path / "certificates"
    certificates.write_text("many")
    environ = {
        "PATH": os.environ["PATH"],
        "SSL_CERT_FILE": str(certificates),
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/of/a/cloud/token",
        **folder,
    }
    shown = [str(ENTRYPOINT), "env"]
    told = subprocess.run(shown, env=environ, capture_output=True, text=True, check=True)
    found = dict(line.split("=", 1) for line in told.stdout.splitlines())
    assert {name: found[name] for name in environ} == environ
    assert not found.keys() & {"SSL_CERT", "AWS_WEB_IDENTITY_TOKEN"}


def test_what_stands_for_a_port_is_not_taken_for_another_one(tmp_path: Path) -> None:
    etc, lib = str(tmp_path / "etc"), str(tmp_path / "lib")
    ports = {"4000": "43000", "3000": "5000", "43": "9"}
    folders = {"/etc": "/other", "/etc/catalog_pipeline": etc, "/var/lib/catalog_pipeline": lib}
    deployed = Deployed(tmp_path, {**ports, **folders}, {})
    assert deployed.here("4000 3000 /etc/catalog_pipeline /etc") == f"43000 5000 {etc} /other"


def test_compose_names_secrets_in_the_folder_where_the_entrypoint_looks() -> None:
    for service in OURS:
        environment = services()[service]["environment"]
        named = [environment[name] for name in environment if name.endswith("_FILE")]
        assert sorted(named) == [
            f"/run/secrets/{name}" for name in sorted(services()[service]["secrets"])
        ]
        assert "SECRETS_FOLDER" not in environment


def chart() -> dict[str, Any]:
    """The values for Dagster's chart."""
    text = (DEPLOY / "helm-values.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.safe_load(text)
    return values


def test_the_instance_that_the_chart_writes_is_in_our_storages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chart names storages of its own, and after them what `additionalInstanceConfig` holds."""
    of_chart = {
        name: {"module": f"dagster_postgres.{name}", "class": "Postgres", "config": {}}
        for name in ("schedule_storage", "run_storage", "event_log_storage")
    }
    parts = (of_chart, chart()["additionalInstanceConfig"])
    text = "".join(yaml.safe_dump(part) for part in parts)
    (tmp_path / "dagster.yaml").write_text(text)
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "secret")
    reference = InstanceRef.from_dir(str(tmp_path))
    storages = (
        reference.event_storage_data,
        reference.run_storage_data,
        reference.schedule_storage_data,
    )
    module = "catalog_pipeline.orchestration.instance.postgres.parts"
    assert [each and each.module_name for each in storages] == [module] * 3
    written = (DEPLOY / "helm-values.yaml").read_text(encoding="utf-8")
    assert "password: {env: DAGSTER_PG_PASSWORD}" in written


def test_the_pods_of_the_chart_may_do_little_and_run_one_image() -> None:
    values = chart()
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    parts = (values["dagsterWebserver"], values["dagsterDaemon"], deployment)
    for part in parts:
        assert part["securityContext"]["readOnlyRootFilesystem"] is True
        assert part["securityContext"]["runAsNonRoot"] is True
        assert part["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert part["resources"]["limits"]["memory"]
        assert part["image"] == deployment["image"]
        mounts = {mount["name"] for mount in part["volumeMounts"]}
        assert mounts == {volume["name"] for volume in part["volumes"]}
    assert deployment["includeConfigInLaunchedRuns"] == {"enabled": True}
    assert values["generatePostgresqlPasswordSecret"] is False
