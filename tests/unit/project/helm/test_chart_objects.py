"""Every value set of the chart renders valid objects that meet the fleet's requirements."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import helm_python
import yaml

from shared.config import chart_schema
from shared.config.settings import Settings
from tests.support.packaging.helm_chart import (
    CHART,
    KUBERNETES,
    SMALLEST,
    VALUE_SETS,
    containers,
    environment,
    every_value_set,
    manifests,
    merged,
    named,
    of_kind,
    pods,
    rendered,
    value_set,
)
from tests.support.packaging.kubernetes_schemas import check_object
from tests.support.paths import ROOT
from workers.process.supervisor import GRACE_S

#: Releases before these do not know a volume that the value set uses.
FROM_RELEASE = {"image-volume-values": "1.33.0"}


@every_value_set
def test_every_object_is_valid_for_kubernetes(path: Path) -> None:
    for release in KUBERNETES:
        if release >= FROM_RELEASE.get(path.stem, ""):
            for each in manifests(value_set(path)):
                check_object(each, release)


def test_there_are_example_values_for_many_kinds_of_cluster() -> None:
    assert len(VALUE_SETS) >= 12


def test_helm_lint_reports_no_error() -> None:
    assert helm_python.lint(str(CHART), SMALLEST)["errors"] == []


def test_the_schema_has_the_settings_of_the_code() -> None:
    text = chart_schema.PATH.read_text()

    assert text == chart_schema.schema(text)


def test_every_setting_is_allowed_or_refused_in_words() -> None:
    properties = chart_schema.settings_definition()["properties"]

    assert set(properties) == set(Settings.model_fields)
    for name, rule in properties.items():
        refused = str(rule.get("const", "")).startswith("not here: ")
        assert refused or {"type", "enum", "anyOf"} & set(rule), name


def test_values_and_schema_have_the_same_keys() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())

    assert set(values) | {"global"} == set(schema["properties"])


def test_presets_and_schema_have_the_same_keys() -> None:
    presets = yaml.safe_load((CHART / "presets.yaml").read_text())
    pool = json.loads((CHART / "values.schema.json").read_text())["definitions"]["pool"]

    assert set(presets["base"]) | {"engine"} == set(pool["properties"])
    assert ["", *presets["cards"]] == pool["properties"]["preset"]["enum"]


@every_value_set
def test_names_are_unique_and_labelled(path: Path) -> None:
    objects = manifests(value_set(path))

    names = [(each["kind"], each["metadata"]["name"]) for each in objects]

    assert len(names) == len(set(names))
    for each in objects:
        assert each["metadata"]["labels"]["app.kubernetes.io/instance"] == "pf"


def test_no_name_is_longer_than_kubernetes_allows() -> None:
    """With the longest names of release, pool and watcher."""
    watcher = {"name": "w" * 16, "from": "s3://a/", "to": "s3://b/"}
    listen = {"enabled": True, "existingSecret": "events"}
    values = merged(
        fullnameOverride="a" * 40,
        pools={"p" * 20: {"engine": "vllm"}},
        watchers=[{**watcher, "listen": listen}],
    )

    assert max(len(each["metadata"]["name"]) for each in manifests(values)) <= 63


@every_value_set
def test_each_variable_is_set_once(path: Path) -> None:
    for name, pod in pods(manifests(value_set(path))):
        for container in containers(pod):
            names = [each["name"] for each in container.get("env", [])]
            assert len(names) == len(set(names)), name


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
def test_every_variable_is_a_setting_that_pagefleet_accepts(path: Path) -> None:
    objects = manifests(value_set(path))
    for name, pod in pods(objects):
        found = {
            variable.removeprefix("PAGEFLEET_").lower(): value
            for variable, value in environment(objects, pod).items()
            if variable.startswith("PAGEFLEET_")
        }
        assert set(found) <= set(Settings.model_fields), name
        assert Settings.model_validate(found), name


@every_value_set
def test_no_pod_runs_as_root_or_mounts_a_token(path: Path) -> None:
    for name, pod in pods(manifests(value_set(path))):
        has_token = name == "pf-sweeper" and value_set(path).get("podDeletionCost", False)
        assert pod["automountServiceAccountToken"] is has_token, name
        assert pod["enableServiceLinks"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        for container in containers(pod):
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True, name
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["capabilities"]["drop"] == ["ALL"], name


def test_a_cluster_may_choose_the_user_of_every_pod() -> None:
    chosen = {"runAsUser": None, "runAsGroup": None, "fsGroup": None}
    for name, pod in pods(manifests(merged(podSecurityContext=chosen))):
        assert not {"runAsUser", "runAsGroup", "fsGroup"} & set(pod["securityContext"]), name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name


@every_value_set
def test_every_container_fits_a_quota_of_cpu_and_memory(path: Path) -> None:
    for name, pod in pods(manifests(value_set(path))):
        for container in containers(pod):
            if container["name"] == "probe":  # the operator's own
                continue
            resources = container["resources"]
            assert {"cpu", "memory"} <= set(resources["requests"]), name
            assert "memory" in resources["limits"], name


@every_value_set
def test_no_startup_or_liveness_probe_depends_on_the_broker(path: Path) -> None:
    for name, pod in pods(manifests(value_set(path))):
        if name.endswith(("valkey", "doctor")):
            continue
        container = pod["containers"][0]
        liveness = container["livenessProbe"]
        assert "exec" not in liveness, name
        assert liveness.get("httpGet", {}).get("path", "/livez") == "/livez", name
        startup = container.get("startupProbe", {}).get("httpGet", {})
        assert startup.get("path", "/startupz") == "/startupz", name


@every_value_set
def test_no_pod_crashes_because_broker_or_store_are_silent_at_its_start(path: Path) -> None:
    """Workers always wait; the commands for people wait where they are told to."""
    for name, pod in pods(manifests(value_set(path))):
        words = pod["containers"][0].get("args", [])
        if words[:1] == ["pagefleet"] and name != "pf-doctor":
            own = words[: words.index("--")] if "--" in words else words
            assert "--wait-for-services" in own, name


@every_value_set
def test_every_mounted_volume_and_account_exists(path: Path) -> None:
    objects = manifests(value_set(path))
    accounts = {each["metadata"]["name"] for each in of_kind(objects, "ServiceAccount")}
    claim_templates = {"data"}
    for name, pod in pods(objects):
        volumes = {volume["name"] for volume in pod.get("volumes", [])} | claim_templates
        assert pod.get("serviceAccountName", "pf") in accounts, name
        for container in containers(pod):
            mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounts <= volumes, name
        for volume in pod.get("volumes", []):
            if "configMap" in volume and volume["configMap"]["name"].startswith("pf"):
                assert named(objects, "ConfigMap", volume["configMap"]["name"])


@every_value_set
def test_every_budget_and_service_selects_the_pods_of_one_component(path: Path) -> None:
    objects = manifests(value_set(path))
    components = {
        each["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]
        for each in [*of_kind(objects, "Deployment"), *of_kind(objects, "StatefulSet")]
    }
    for each in [*of_kind(objects, "PodDisruptionBudget"), *of_kind(objects, "Service")]:
        selector = each["spec"]["selector"]
        labels = selector.get("matchLabels", selector)
        assert labels["app.kubernetes.io/component"] in components


@every_value_set
def test_every_command_is_one_that_pagefleet_has(path: Path) -> None:
    for name, pod in pods(manifests(value_set(path))):
        words = pod["containers"][0].get("args", [])
        if not words:
            continue
        module = {"pagefleet": "producer.cli", "pagefleet-worker": "workers.cli"}[words[0]]
        own = words[: words.index("--")] if "--" in words else words
        options = [word for word in own[2:] if word.startswith("--")]
        text = help_text(module, words[1])
        assert [option for option in options if option not in text] == [], name


@cache
def help_text(module: str, command: str) -> str:
    """What the command prints for ``--help``."""
    words = [sys.executable, "-m", module, command, "--help"]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def test_large_numbers_reach_the_pods_as_whole_numbers() -> None:
    objects = manifests(merged(settings={"cache_bytes": 10737418240}))

    config = named(objects, "ConfigMap", "pf")["data"]

    assert config["PAGEFLEET_CACHE_BYTES"] == "10737418240"


def test_control_processes_run_while_all_pools_are_at_zero() -> None:
    objects = manifests(merged(pools={"cpu": {"enabled": False}, "vllm": {"enabled": True}}))

    for name in ("pf-reducer", "pf-sweeper"):
        assert named(objects, "Deployment", name)["spec"]["replicas"] >= 1


def test_the_notes_name_the_next_commands() -> None:
    texts = rendered(merged(pools={"vllm": {"enabled": True}}))
    (notes,) = (text for path, text in texts.items() if path.endswith("NOTES.txt"))

    assert "helm test pf" in notes
    assert "vllm: vllm, 0 to 4 pods by KEDA" in notes


def test_helm_test_runs_the_doctor_with_the_configuration_of_the_fleet() -> None:
    objects = manifests(SMALLEST)
    pod = named(objects, "Pod", "pf-doctor")

    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert pod["spec"]["containers"][0]["args"] == ["pagefleet", "doctor"]
    reducer = named(objects, "Deployment", "pf-reducer")["spec"]["template"]["spec"]
    for name in ("PAGEFLEET_REDIS_URL", "PAGEFLEET_STORE"):
        assert environment(objects, pod["spec"])[name] == environment(objects, reducer)[name]


def test_rules_and_dashboard_are_those_of_infra_monitoring_for_one_fleet() -> None:
    metrics = {"prometheusRule": {"enabled": True}, "dashboard": {"enabled": True}}
    objects = manifests(merged(metrics=metrics))
    monitoring = ROOT / "infra" / "monitoring"

    dashboard = named(objects, "ConfigMap", "pf-dashboard")["data"]["pagefleet.json"]
    for name in ("alerts", "slo"):
        rules = named(objects, "PrometheusRule", f"pf-{name}")["spec"]
        text = (monitoring / f"{name}.yaml").read_text()
        assert 'fleet=~".+"' in text
        assert rules == yaml.safe_load(text.replace('fleet=~".+"', 'fleet="ocr/pf"'))
    assert dashboard == (monitoring / "grafana-dashboard.json").read_text()
