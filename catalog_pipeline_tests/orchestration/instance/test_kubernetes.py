"""What Dagster's launcher for Kubernetes asks a cluster for, with the values in `deploy`.

The cluster is a server on loopback that keeps what it is asked for; the launcher and its client are
the real ones. Pods, and what becomes of a job, are not tried.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.storage.dagster_run import DagsterRun

from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import SETTINGS_NAME
from catalog_pipeline_tests.deployed import DEPLOY
from catalog_pipeline_tests.postgres_server import Database

pytestmark = pytest.mark.processes

IMAGE = "registry.example.org/catalog-pipeline:1.0.0"
NAMESPACE = "catalogues"
Request = tuple[str, str, dict[str, Any]]


class Cluster(NamedTuple):
    """Where the launcher finds it, as `kubectl` does, and what it was asked for."""

    config: Path
    asked: list[Request]


class _Server(BaseHTTPRequestHandler):
    """Takes every object that is to be created, and answers with it."""

    asked: list[Request]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.command, self.path, json.loads(body)))
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster until the end of the test."""
    asked: list[Request] = []
    handler = type("Server", (_Server,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        named = {"cluster": {"server": url}, "name": "here"}
        context = {"context": {"cluster": "here", "user": "nobody"}, "name": "here"}
        known = {"clusters": [named], "contexts": [context], "current-context": "here"}
        users = {"users": [{"name": "nobody", "user": {}}]}
        config = tmp_path / "kubeconfig"
        config.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **known, **users}))
        yield Cluster(config, asked)
        server.shutdown()
        thread.join()


@pytest.fixture
def values() -> dict[str, Any]:
    """The values for Dagster's chart."""
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())
    return content


@pytest.fixture
def home(no_home: Path, database: Database, cluster: Cluster, values: dict[str, Any]) -> Path:
    """A home as the chart writes it, but for where database and cluster are."""
    settings = {
        name: dict(section)
        for name, section in values["additionalInstanceConfig"].items()
        if name.endswith("_storage")
    }
    for section in settings.values():
        there = section["config"]["postgres_db"]
        here = {"username": "USERNAME", "hostname": "HOST", "db_name": "DB", "port": "PORT"}
        named = {key: {"env": f"DAGSTER_PG_{name}"} for key, name in here.items()}
        section["config"] = {"postgres_db": {**there, **named}}
    told = values["runLauncher"]["config"]["k8sRunLauncher"]
    settings["run_launcher"] = {
        "module": "dagster_k8s",
        "class": values["runLauncher"]["type"],
        "config": {
            "load_incluster_config": False,
            "kubeconfig_file": str(cluster.config),
            "job_namespace": NAMESPACE,
            "service_account_name": "dagster",
            "dagster_home": values["global"]["dagsterHome"],
            "instance_config_map": "dagster-instance",
            "postgres_password_secret": values["global"]["postgresqlSecretName"],
            "image_pull_policy": told["imagePullPolicy"],
            "run_k8s_config": {
                "pod_spec_config": told["runK8sConfig"]["podSpecConfig"],
                "job_spec_config": told["runK8sConfig"]["jobSpecConfig"],
            },
        },
    }
    no_home.mkdir()
    (no_home / SETTINGS_NAME).write_text(yaml.safe_dump(settings))
    return no_home


@pytest.fixture
def job(home: Path, cluster: Cluster, values: dict[str, Any]) -> Any:
    """The job that the cluster is asked for when a run is launched."""
    deployment = values["dagster-user-deployments"]["deployments"][0]
    code = RepositoryPythonOrigin(
        sys.executable,
        ModuleCodePointer("catalog_pipeline.definitions", "defs"),
        container_image=IMAGE,
        entry_point=["dagster"],
        container_context={
            "k8s": {
                "env": deployment["env"],
                "env_secrets": [each["name"] for each in deployment["envSecrets"]],
                "volumes": deployment["volumes"],
                "volume_mounts": deployment["volumeMounts"],
                "resources": deployment["resources"],
                "security_context": deployment["securityContext"],
            }
        },
    )
    run = DagsterRun(
        "__ASSET_JOB",
        run_id="11111111-2222-4333-8444-555555555555",
        job_code_origin=JobPythonOrigin("__ASSET_JOB", code),
    )
    with open_instance() as instance:
        instance.add_run(run)
        instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
    ((method, path, body),) = cluster.asked
    assert (method, path) == ("POST", f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs")
    return body


def test_a_run_is_a_job_with_the_image_variables_secrets_and_folders_of_the_code_server(
    job: Any, values: dict[str, Any]
) -> None:
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (container["image"], container["imagePullPolicy"]) == (IMAGE, "IfNotPresent")
    assert container["args"][:3] == ["dagster", "api", "execute_run"]
    variables = {each["name"]: each.get("value") for each in container["env"]}
    assert variables["CATALOG_PIPELINE_DATA"].startswith("s3://")
    assert variables["DAGSTER_HOME"] == values["global"]["dagsterHome"]
    secrets = {each["secretRef"]["name"] for each in container["envFrom"] if "secretRef" in each}
    assert secrets == {"catalog-pipeline"}
    mounted = {each["mountPath"] for each in container["volumeMounts"]}
    assert {"/tmp", "/var/lib/catalog_pipeline/work"} <= mounted  # noqa: S108
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["resources"]["limits"] == {"memory": "2Gi"}


def test_a_job_is_not_begun_again_by_the_cluster_and_has_time_for_pages_in_flight(job: Any) -> None:
    spec = job["spec"]
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (0, 86400)
    pod = spec["template"]["spec"]
    assert (pod["restartPolicy"], pod["terminationGracePeriodSeconds"]) == ("Never", 120)


def test_the_password_is_nowhere_in_a_job_but_as_the_name_of_its_secret(
    job: Any, database: Database
) -> None:
    assert database.environ["DAGSTER_PG_PASSWORD"] not in json.dumps(job)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (found,) = [each for each in container["env"] if each["name"] == "DAGSTER_PG_PASSWORD"]
    assert found["valueFrom"]["secretKeyRef"] == {
        "name": "catalog-pipeline-postgres",
        "key": "postgresql-password",
    }
    told = json.dumps(container["args"])
    assert "DAGSTER_PG_PASSWORD" in told, "the arguments say where it is to be looked for"
