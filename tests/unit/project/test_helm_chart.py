"""The Helm chart renders valid Kubernetes objects that meet the fleet's requirements."""

import json
import math
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import jsonschema
import kubernetes_validate
import pytest

from shared.broker.connection import KEY_PREFIX
from shared.config.settings import Settings
from shared.domain.catalogue import CATALOGUE
from tests.support.packaging.helm_chart import (
    CHART,
    KUBERNETES,
    SMALLEST,
    VALUE_SETS,
    Manifest,
    containers,
    environment,
    manifests,
    named,
    of_kind,
    pods,
    rendered,
    value_set,
)
from tests.support.paths import ROOT
from workers.process.supervisor import GRACE_S

GPU: Manifest = {**SMALLEST, "pools": {"vllm": {"enabled": True}}}
every_value_set = pytest.mark.parametrize("path", VALUE_SETS, ids=lambda path: path.stem)


def merged(**changes: Any) -> Manifest:
    """The smallest values with some of them changed."""
    return {**SMALLEST, **changes}


@every_value_set
def test_every_object_is_valid_for_kubernetes(path: Path) -> None:
    for each in manifests(value_set(path)):
        own = ROOT / "tests" / "support" / "packaging" / "crd_schemas" / f"{each['kind']}.json"
        if own.exists():
            jsonschema.validate(each, json.loads(own.read_text()))
            continue
        for release in KUBERNETES:
            kubernetes_validate.validate(each, release, strict=True)


def test_helm_lint_reports_no_error() -> None:
    assert helm_python.lint(str(CHART), SMALLEST)["errors"] == []


@every_value_set
def test_names_are_unique_and_labelled(path: Path) -> None:
    objects = manifests(value_set(path))

    names = [(each["kind"], each["metadata"]["name"]) for each in objects]

    assert len(names) == len(set(names))
    for each in objects:
        assert each["metadata"]["labels"]["app.kubernetes.io/instance"] == "pf"


@every_value_set
def test_the_grace_period_of_a_pod_covers_drain_and_supervisor(path: Path) -> None:
    objects = manifests(value_set(path))
    for name, pod in pods(objects):
        drain = environment(objects, pod).get("PAGEFLEET_DRAIN_S")
        if drain is not None:
            assert pod["terminationGracePeriodSeconds"] > float(drain) + GRACE_S, name


@every_value_set
def test_the_lease_is_the_same_on_every_pod(path: Path) -> None:
    objects = manifests(value_set(path))

    leases = {
        environment(objects, pod).get("PAGEFLEET_LEASE_S")
        for name, pod in pods(objects)
        if not name.endswith("valkey")
    }

    assert leases == {str(value_set(path).get("leaseSeconds", 120))}


@every_value_set
def test_every_variable_is_a_setting_of_pagefleet(path: Path) -> None:
    objects = manifests(value_set(path))
    for name, pod in pods(objects):
        for variable in environment(objects, pod):
            if variable.startswith("PAGEFLEET_"):
                assert variable.removeprefix("PAGEFLEET_").lower() in Settings.model_fields, name


@every_value_set
def test_a_pool_that_keda_scales_sets_no_replicas(path: Path) -> None:
    objects = manifests(value_set(path))
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind(objects, "ScaledObject")}

    for each in of_kind(objects, "Deployment"):
        assert ("replicas" in each["spec"]) == (each["metadata"]["name"] not in scaled)


@every_value_set
def test_keda_reads_the_pages_of_its_own_pool(path: Path) -> None:
    for each in of_kind(manifests(value_set(path)), "ScaledObject"):
        (trigger,) = each["spec"]["triggers"]
        engine = trigger["metadata"]["listName"].removeprefix(f"{KEY_PREFIX}outstanding:")

        assert engine in CATALOGUE
        assert each["spec"]["scaleTargetRef"]["name"] == f"pf-{engine}"
        assert trigger["metadata"]["activationListLength"] == "0"


@every_value_set
def test_the_dispatch_window_never_starves_the_largest_pool(path: Path) -> None:
    objects = manifests(value_set(path))
    max_replicas: dict[str, int] = {}
    for each in of_kind(objects, "ScaledObject"):
        max_replicas[each["spec"]["scaleTargetRef"]["name"]] = each["spec"]["maxReplicaCount"]
    for each in of_kind(objects, "Deployment"):
        variables = environment(objects, each["spec"]["template"]["spec"])
        engines = int(variables.get("PAGEFLEET_ENGINES_PER_GPU", 1))
        in_flight = engines * int(variables.get("PAGEFLEET_MAX_CONCURRENCY", 0))
        pods_at_most = max_replicas.get(each["metadata"]["name"], each["spec"].get("replicas", 0))
        assert int(variables["PAGEFLEET_DISPATCH_WINDOW"]) >= 2 * in_flight * pods_at_most


@every_value_set
def test_the_dispatch_window_holds_enough_pages_to_scale_to_the_largest_pool(path: Path) -> None:
    objects = manifests(value_set(path))
    for each in of_kind(objects, "ScaledObject"):
        deployment = named(objects, "Deployment", each["spec"]["scaleTargetRef"]["name"])
        variables = environment(objects, deployment["spec"]["template"]["spec"])
        window = int(variables["PAGEFLEET_DISPATCH_WINDOW"])
        a_pod = int(each["spec"]["triggers"][0]["metadata"]["listLength"])

        # The dispatcher refills the queue when half of the window is left.
        assert window / 2 >= a_pod * each["spec"]["maxReplicaCount"]


@every_value_set
def test_no_pod_runs_as_root_or_mounts_a_token(path: Path) -> None:
    for name, pod in pods(manifests(value_set(path))):
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        for container in containers(pod):
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True, name
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name


@every_value_set
def test_no_liveness_probe_depends_on_the_broker(path: Path) -> None:
    for name, pod in pods(manifests(value_set(path))):
        for container in pod["containers"]:
            liveness = container["livenessProbe"]
            if name.endswith("valkey"):
                continue
            if "-watch-" in name:
                assert "/tmp/heartbeat -name watch" in liveness["exec"]["command"][-1]
                continue
            assert "exec" not in liveness, name
            path_of_probe = liveness.get("httpGet", {}).get("path", "/livez")
            assert path_of_probe == "/livez", name


@every_value_set
def test_every_mounted_volume_and_secret_exists(path: Path) -> None:
    objects = manifests(value_set(path))
    claim_templates = {"data"}
    for name, pod in pods(objects):
        volumes = {volume["name"] for volume in pod.get("volumes", [])} | claim_templates
        for container in containers(pod):
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes, name
        for volume in pod.get("volumes", []):
            if "configMap" in volume:
                assert named(objects, "ConfigMap", volume["configMap"]["name"])


def test_a_gpu_pod_requests_the_gpus_of_one_engine() -> None:
    values = {**SMALLEST, "pools": {"vllm": {"enabled": True, "tensorParallel": 2}}}
    pod = named(manifests(values), "Deployment", "pf-vllm")["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert container["resources"]["limits"]["nvidia.com/gpu"] == 2
    assert container["resources"]["requests"]["nvidia.com/gpu"] == 2
    assert {"name": "shm", "mountPath": "/dev/shm"} in container["volumeMounts"]


def test_every_engine_of_a_pod_can_be_scraped() -> None:
    pools = {"vllm": {"enabled": True, "enginesPerGpu": 2}}
    objects = manifests({**GPU, "pools": pools, "metrics": {"podMonitor": {"enabled": True}}})
    pod = named(objects, "Deployment", "pf-vllm")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    endpoints = named(objects, "PodMonitor", "pf")["spec"]["podMetricsEndpoints"]
    variables = environment(objects, pod)

    assert len(container["ports"]) == int(variables["PAGEFLEET_ENGINES_PER_GPU"]) == 2
    assert [port["name"] for port in container["ports"]] == [each["port"] for each in endpoints]
    ports = [port["containerPort"] for port in container["ports"]]
    assert ports == [int(variables["PAGEFLEET_METRICS_PORT"]) + number for number in range(2)]


def test_gpu_pools_scale_to_zero_and_never_surge() -> None:
    objects = manifests(GPU)

    assert named(objects, "ScaledObject", "pf-vllm")["spec"]["minReplicaCount"] == 0
    strategy = named(objects, "Deployment", "pf-vllm")["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 0, "maxUnavailable": 1}


def test_control_processes_run_while_all_pools_are_at_zero() -> None:
    values = {**SMALLEST, "pools": {"cpu": {"enabled": False}, "vllm": {"enabled": True}}}
    objects = manifests(values)

    for name in ("pf-reducer", "pf-sweeper"):
        assert named(objects, "Deployment", name)["spec"]["replicas"] >= 1


def test_a_changed_setting_restarts_the_pods() -> None:
    def checksum(values: Manifest) -> str:
        template = named(manifests(values), "Deployment", "pf-cpu")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    assert checksum(SMALLEST) == checksum(SMALLEST)
    assert checksum(SMALLEST) != checksum(merged(settings={"max_attempts": 5}))


def test_the_password_of_the_broker_is_in_no_plain_object() -> None:
    objects = manifests(SMALLEST)
    (secret,) = of_kind(objects, "Secret")

    rest = json.dumps([each for each in objects if each["kind"] != "Secret"])

    assert secret["data"]["password"] not in rest
    assert "$(REDIS_PASSWORD)" in rest


def test_the_network_policy_allows_each_pod_its_services() -> None:
    objects = manifests({**GPU, "flower": {"enabled": True, "existingSecret": "login"}})
    fleet = named(objects, "NetworkPolicy", "pf")["spec"]
    ports = {port["port"] for rule in fleet["egress"] for port in rule["ports"]}

    assert ports == {53, 6379, 443}
    metadata = [
        block["ipBlock"]["except"]
        for rule in fleet["egress"]
        for block in rule.get("to", [])
        if "except" in block.get("ipBlock", {})
    ]
    assert metadata == [["169.254.169.254/32"]]
    assert named(objects, "NetworkPolicy", "pf-flower")["spec"]["policyTypes"] == ["Ingress"]


def test_a_model_is_downloaded_before_the_worker_starts() -> None:
    command = ["hf", "download", "deepseek-ai/DeepSeek-OCR"]
    pool = {"enabled": True, "modelCache": {"initCommand": command}}
    objects = manifests({**SMALLEST, "pools": {"vllm": pool}})
    pod = named(objects, "Deployment", "pf-vllm")["spec"]["template"]["spec"]

    assert pod["initContainers"][0]["command"] == command
    assert environment(objects, pod)["HF_HOME"] == "/models"
    assert of_kind(objects, "PersistentVolumeClaim")[0]["metadata"]["name"] == "pf-vllm-models"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "store.url is required"),
        ({"store": {"url": "/folder"}}, "store"),
        (merged(redis={"builtin": {"enabled": False}}), "redis.external.host is required"),
        (merged(pools={"vllm": {"enabled": True, "tensorParallel": 4}}), "10 attention heads"),
        (merged(pools={"magic": {"enabled": True}}), "magic"),
        (merged(flower={"enabled": True}), "flower.existingSecret is required"),
        (merged(leaseSeconds=30), "leaseSeconds below 60"),
        (merged(leaseSecond=30), "leaseSecond"),
        (merged(settings={"store": "x"}), "store"),
        (merged(pools={"cpu": {"replicas": -1}}), "replicas"),
    ],
)
def test_wrong_values_are_refused_with_the_reason(values: Manifest, reason: str) -> None:
    with pytest.raises(helm_python.HelmError) as refused:
        rendered(values)

    assert reason in str(refused.value)


def test_the_notes_name_the_next_commands() -> None:
    (notes,) = (text for path, text in rendered(GPU).items() if path.endswith("NOTES.txt"))

    assert "pagefleet doctor" in notes
    assert "vllm (0 to 4 pods by KEDA)" in notes


def test_pages_per_replica_follow_the_capacity_of_a_pod() -> None:
    objects = manifests({**SMALLEST, "pools": {"vllm": {"enabled": True, "concurrency": 100}}})
    (trigger,) = named(objects, "ScaledObject", "pf-vllm")["spec"]["triggers"]

    assert math.isclose(int(trigger["metadata"]["listLength"]), 200)


@every_value_set
def test_every_command_is_one_that_pagefleet_has(path: Path) -> None:
    for name, pod in pods(manifests(value_set(path))):
        words = pod["containers"][0].get("args", [])
        if not words:
            continue
        module = {"pagefleet": "producer.cli", "pagefleet-worker": "workers.cli"}[words[0]]
        options = [word for word in words[2:] if word.startswith("--")]
        text = help_text(module, words[1])
        assert [option for option in options if option not in text] == [], name


@cache
def help_text(module: str, command: str) -> str:
    """What the command prints for ``--help``."""
    words = [sys.executable, "-m", module, command, "--help"]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
