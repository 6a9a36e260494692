"""Pools of the chart: one Deployment, scaler and model volume for each name."""

import subprocess
from pathlib import Path

import pytest
import yaml

from shared.broker.connection import KEY_PREFIX
from shared.config.settings import Settings
from shared.domain.catalogue import CATALOGUE
from shared.domain.pools import Pool
from tests.support.packaging.helm_chart import (
    CHART,
    Manifest,
    environment,
    every_value_set,
    manifests,
    merged,
    named,
    of_kind,
    pod_template,
    value_set,
)
from workers.engines.cpu import engine as cpu_engine
from workers.engines.fake import engine as fake_engine
from workers.engines.openai import engine as openai_engine
from workers.engines.transformers.engine import GPU_BATCH, with_ahead
from workers.engines.vllm.batch_sizes import plan_sizes

GPU = merged(pools={"vllm": {"enabled": True}})
#: MiB of a card's GPU memory, as nvidia-smi shows it.
CARD_MEMORY = {
    "L4": 23_034, "A10G": 23_028, "L40S": 46_068, "A100": 40_960, "H100": 81_559, "H200": 143_771
}  # fmt: skip
GIBIBYTE = 1024**3


def pool_objects(**pool: object) -> list[Manifest]:
    """The objects of the chart with one vllm pool."""
    return manifests(merged(pools={"cpu": {"enabled": False}, "vllm": {"enabled": True, **pool}}))


def gpu_pod(objects: list[Manifest]) -> Manifest:
    """The pod spec of the vllm pool."""
    spec: Manifest = pod_template(objects, "pf-vllm")["spec"]
    return spec


@every_value_set
def test_a_pool_that_keda_scales_sets_no_replicas(path: Path) -> None:
    objects = manifests(value_set(path))
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind(objects, "ScaledObject")}

    for each in of_kind(objects, "Deployment"):
        assert ("replicas" in each["spec"]) == (each["metadata"]["name"] not in scaled)


@every_value_set
def test_keda_reads_the_pages_of_the_pool_whose_pods_it_scales(path: Path) -> None:
    objects = manifests(value_set(path))
    for each in of_kind(objects, "ScaledObject"):
        (trigger,) = each["spec"]["triggers"]
        spec = pod_template(objects, each["spec"]["scaleTargetRef"]["name"])["spec"]
        words = spec["containers"][0]["args"]
        engine = words[words.index("--engine") + 1]
        variables = environment(objects, spec)
        model = CATALOGUE[engine].full_model(variables.get("PAGEFLEET_MODEL"))
        identifier = Pool(engine, model, variables.get("PAGEFLEET_REVISION")).id

        assert trigger["metadata"]["listName"] == f"{KEY_PREFIX}outstanding:{identifier}"
        assert trigger["metadata"]["activationListLength"] == "0"


@pytest.mark.parametrize(
    ("engine", "model", "revision"),
    [
        ("vllm", "", ""),
        ("vllm", "", "main"),
        ("vllm", "deepseek-ai/DeepSeek-OCR-2", ""),
        ("vllm", "/models/Ünïcode folder/", "v1.0"),
        ("vllm", "org/___", ""),
        ("transformers", "org/A-Very-Long-Name.With.Dots_And_Underscores", ""),
        ("openai", "gpt 4o: mini", ""),
        ("cpu", "tiny", ""),
        ("cpu", "small", ""),
        ("cpu", "ppocrv6-tiny", ""),
    ],
)
def test_the_chart_names_pools_as_the_code_does(engine: str, model: str, revision: str) -> None:
    pool = {
        "engine": engine, "model": model, "revision": revision,
        "autoscaling": {"enabled": True, "maxReplicas": 1}, "settings": {"engine_url": "http://x"},
        "modelCache": {"existingClaim": "weights"},
    }  # fmt: skip
    (scaled,) = of_kind(
        manifests(merged(pools={"cpu": {"enabled": False}, "books": pool})), "ScaledObject"
    )

    identifier = Pool(engine, CATALOGUE[engine].full_model(model or None), revision or None).id

    assert scaled["metadata"]["name"] == "pf-books"
    listed = scaled["spec"]["triggers"][0]["metadata"]["listName"]
    assert listed == f"pagefleet:outstanding:{identifier}"


def test_a_pool_that_is_named_like_an_engine_needs_no_engine() -> None:
    assert "vllm" in gpu_pod(pool_objects())["containers"][0]["args"]


def test_values_of_a_pool_override_those_of_card_engine_and_all_pools() -> None:
    values = merged(
        poolDefaults={"drainSeconds": 10, "nodeSelector": {"a": "b"}},
        pools={"vllm": {"enabled": True, "preset": "H100", "drainSeconds": 7}},
    )
    spec = gpu_pod(manifests(values))

    assert spec["terminationGracePeriodSeconds"] == 37
    assert spec["nodeSelector"] == {"a": "b"}
    assert spec["containers"][0]["resources"]["requests"]["cpu"] == "14"
    assert spec["tolerations"][0]["key"] == "nvidia.com/gpu"


def test_false_zero_and_empty_values_override_defaults() -> None:
    spec = gpu_pod(pool_objects(tolerations=[], hubOffline=False, drainSeconds=0))

    assert "tolerations" not in spec
    assert spec["terminationGracePeriodSeconds"] == 30
    assert {"name": "HF_HUB_OFFLINE", "value": "0"} in spec["containers"][0]["env"]


def test_a_gpu_pod_requests_the_gpus_of_its_engines() -> None:
    objects = pool_objects(tensorParallel=2, gpus=4)
    (container,) = gpu_pod(objects)["containers"]

    assert container["resources"]["limits"]["nvidia.com/gpu"] == 4
    assert container["resources"]["requests"]["nvidia.com/gpu"] == 4
    assert [port["name"] for port in container["ports"]] == ["metrics", "metrics2"]
    assert {"name": "shm", "mountPath": "/dev/shm"} in container["volumeMounts"]


def test_every_engine_of_a_pod_can_be_scraped() -> None:
    values = merged(
        pools={"vllm": {"enabled": True, "enginesPerGpu": 2}},
        metrics={"podMonitor": {"enabled": True}},
    )
    objects = manifests(values)
    pod = gpu_pod(objects)
    (container,) = pod["containers"]
    endpoints = named(objects, "PodMonitor", "pf")["spec"]["podMetricsEndpoints"]
    variables = environment(objects, pod)

    assert len(container["ports"]) == int(variables["PAGEFLEET_ENGINES_PER_GPU"]) == 2
    assert [port["name"] for port in container["ports"]] == [each["port"] for each in endpoints]
    ports = [port["containerPort"] for port in container["ports"]]
    assert ports == [int(variables["PAGEFLEET_METRICS_PORT"]) + number for number in range(2)]


def test_a_transformers_pool_gets_gpus_and_a_volume_as_a_vllm_pool_does() -> None:
    objects = manifests(merged(pools={"check": {"engine": "transformers", "preset": "L4"}}))
    spec = pod_template(objects, "pf-check")["spec"]

    assert spec["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert spec["initContainers"][0]["command"][-1] == "deepseek-ai/DeepSeek-OCR-2"
    assert "PAGEFLEET_ENGINES_PER_GPU" not in environment(objects, spec)


def test_gpu_pools_scale_to_zero_and_never_surge() -> None:
    objects = manifests(GPU)

    assert named(objects, "ScaledObject", "pf-vllm")["spec"]["minReplicaCount"] == 0
    strategy = named(objects, "Deployment", "pf-vllm")["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 0, "maxUnavailable": 1}


def test_the_engine_sizes_itself_unless_concurrency_is_set() -> None:
    objects = pool_objects(preset="L40S")
    assert "PAGEFLEET_MAX_CONCURRENCY" not in environment(objects, gpu_pod(objects))
    (trigger,) = named(objects, "ScaledObject", "pf-vllm")["spec"]["triggers"]
    assert trigger["metadata"]["listLength"] == "384"

    objects = pool_objects(concurrency=100, enginesPerGpu=2)
    assert environment(objects, gpu_pod(objects))["PAGEFLEET_MAX_CONCURRENCY"] == "50"
    (trigger,) = named(objects, "ScaledObject", "pf-vllm")["spec"]["triggers"]
    assert trigger["metadata"]["listLength"] == "100"


def test_a_pool_under_load_asks_for_more_pods_than_it_has() -> None:
    """Its window is twice what its live pods hold, and as much as they hold is in flight."""
    concurrency = 50
    (scaled,) = of_kind(pool_objects(concurrency=concurrency), "ScaledObject")
    for_one_pod = int(scaled["spec"]["triggers"][0]["metadata"]["listLength"])

    for live in range(1, 5):
        assert 3 * live * concurrency / for_one_pod >= 2 * live


def test_no_window_that_depends_on_the_largest_pool_is_set() -> None:
    objects = pool_objects(autoscaling={"maxReplicas": 50})

    assert "PAGEFLEET_DISPATCH_WINDOW" not in environment(objects, gpu_pod(objects))


@pytest.mark.parametrize("card", CARD_MEMORY)
def test_a_preset_has_room_for_the_pages_that_its_card_holds(card: str) -> None:
    preset = yaml.safe_load((CHART / "presets.yaml").read_text())["cards"][card]
    memory = _bytes(preset["resources"]["limits"]["memory"])
    shared_memory = _bytes(preset["sharedMemory"])
    room = min(memory // 3, shared_memory // 2) // (3 * (1024 * 1024 + 9 * 640 * 640))

    sizes = plan_sizes(Settings(), CARD_MEMORY[card], None, room)

    assert pages_for_one_pod("vllm", preset=card) == sizes.capacity
    assert shared_memory < memory


def pages_for_one_pod(engine: str, **pool: object) -> int:
    """The number of outstanding pages for which the scaler starts one pod."""
    own = {
        "engine": engine, "autoscaling": {"enabled": True, "maxReplicas": 1},
        "settings": {"engine_url": "http://x"}, **pool,
    }  # fmt: skip
    values = merged(pools={"cpu": {"enabled": False}, "books": own})
    (scaled,) = of_kind(manifests(values), "ScaledObject")
    return int(scaled["spec"]["triggers"][0]["metadata"]["listLength"])


@pytest.mark.parametrize("card", ["", *CARD_MEMORY])
def test_the_scaler_counts_the_pages_that_the_transformers_engine_holds_on_any_card(
    card: str,
) -> None:
    assert pages_for_one_pod("transformers", preset=card) == with_ahead(GPU_BATCH)


def test_without_a_card_the_scaler_counts_the_pages_that_the_engine_chooses() -> None:
    presets = yaml.safe_load((CHART / "presets.yaml").read_text())
    cores = int(presets["base"]["resources"]["requests"]["cpu"])

    assert pages_for_one_pod("vllm") == pages_for_one_pod("vllm", preset="L4")
    assert pages_for_one_pod("cpu") == cores + cpu_engine.AHEAD
    assert pages_for_one_pod("openai") == openai_engine.CAPACITY
    assert pages_for_one_pod("fake") == fake_engine.CAPACITY


@pytest.mark.parametrize(
    ("card", "cores", "memory"),
    [
        # Allocatable cores and GiB of the smallest usual machine, for one GPU.
        ("L4", 3.9, 13), ("A10G", 3.9, 14), ("L40S", 7.9, 58), ("A100", 11.9, 76),
        ("H100", 15.8, 240), ("H200", 23.8, 230),
    ],
)  # fmt: skip
def test_a_preset_fits_the_usual_machines_of_its_card(
    card: str, cores: float, memory: float
) -> None:
    preset = yaml.safe_load((CHART / "presets.yaml").read_text())["cards"][card]["resources"]

    assert float(preset["requests"]["cpu"]) <= cores - 0.5
    assert _bytes(preset["requests"]["memory"]) <= (memory - 1) * GIBIBYTE


def _bytes(quantity: str) -> int:
    return int(quantity.removesuffix("Gi")) * GIBIBYTE


@every_value_set
def test_every_pages_pod_asks_for_the_disk_of_its_cache(path: Path) -> None:
    objects = manifests(value_set(path))
    for each in of_kind(objects, "Deployment"):
        container = each["spec"]["template"]["spec"]["containers"][0]
        if container["name"] == "worker":
            asked = _bytes(container["resources"]["requests"]["ephemeral-storage"])
            assert asked >= 10 * GIBIBYTE


def test_weights_are_downloaded_before_the_worker_starts() -> None:
    objects = pool_objects(
        revision="abc",
        modelCache={
            "download": {
                "allowPatterns": ["*.json", "*.safetensors"],
                "endpoint": "https://hub.example",
                "tokenSecret": {"name": "hub"},
            }
        },
    )
    spec = gpu_pod(objects)
    (init,) = spec["initContainers"]

    assert init["command"][3:] == [
        "model", "deepseek-ai/DeepSeek-OCR", "--revision", "abc",
        "--include", "*.json", "--include", "*.safetensors",
    ]  # fmt: skip
    variables = {each["name"]: each for each in init["env"]}
    assert variables["HF_HOME"]["value"] == environment(objects, spec)["HF_HOME"] == "/models"
    assert variables["HF_ENDPOINT"]["value"] == "https://hub.example"
    assert variables["HF_TOKEN"]["valueFrom"]["secretKeyRef"] == {"name": "hub", "key": "token"}
    assert "HF_TOKEN" not in environment(objects, spec)
    assert "nvidia.com/gpu" not in init["resources"]["limits"]


def test_the_download_has_the_proxy_and_certificates_of_the_operator() -> None:
    proxy = {"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}
    authority = {"name": "company", "mountPath": "/etc/company", "readOnly": True}
    values = merged(
        extraEnv=[proxy, {"name": "HF_HUB_OFFLINE", "value": "1"}],
        extraVolumes=[{"name": "company", "configMap": {"name": "company-ca"}}],
        extraVolumeMounts=[authority],
        pools={
            "vllm": {
                "enabled": True, "env": {"HF_HUB_DISABLE_XET": 1},
                "extraEnvFrom": [{"secretRef": {"name": "mirror"}}],
            }
        },
    )  # fmt: skip
    (init,) = gpu_pod(manifests(values))["initContainers"]
    variables = {each["name"]: each["value"] for each in init["env"]}

    assert variables == {
        "HTTPS_PROXY": "http://proxy.example:3128", "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0", "HF_HOME": "/models",
    }  # fmt: skip
    assert init["envFrom"] == [{"secretRef": {"name": "mirror"}}]
    assert authority in init["volumeMounts"]


def test_a_null_takes_a_limit_away_from_every_container() -> None:
    spec = gpu_pod(pool_objects(resources={"limits": {"memory": None}}))

    for container in [*spec["initContainers"], *spec["containers"]]:
        assert "memory" not in container["resources"]["limits"]


def test_pools_take_their_engine_from_the_values_of_all_pools() -> None:
    objects = manifests(merged(poolDefaults={"engine": "vllm"}, pools={"books": {}, "cpu": {}}))

    for name, engine in (("pf-books", "vllm"), ("pf-cpu", "cpu")):
        assert pod_template(objects, name)["spec"]["containers"][0]["args"][-1] == engine


def test_a_complete_download_is_not_repeated(tmp_path: Path) -> None:
    (init,) = gpu_pod(pool_objects())["initContainers"]
    tool = tmp_path / "hf"
    tool.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexit "${{FAILS:-0}}"\n')
    tool.chmod(0o755)
    script = init["command"][2].replace("/models", str(tmp_path))
    words = ["sh", "-ec", script, *init["command"][3:]]

    def start(fails: str) -> int:
        path = {"PATH": f"{tmp_path}:/usr/bin:/bin", "FAILS": fails}
        return subprocess.run(words, env=path, check=False).returncode

    assert [start("1"), start("0"), start("1")] == [1, 0, 0]
    assert (tmp_path / "calls").read_text() == "download deepseek-ai/DeepSeek-OCR\n" * 2


@pytest.mark.parametrize(
    ("cache", "volume"),
    [
        ({}, "ephemeral"),
        ({"create": True, "accessMode": "ReadWriteMany"}, "persistentVolumeClaim"),
        ({"existingClaim": "weights", "accessMode": "ReadWriteMany"}, "persistentVolumeClaim"),
        ({"existingClaim": "weights", "accessMode": "ReadOnlyMany"}, "persistentVolumeClaim"),
        ({"hostPath": "/mnt/models"}, "hostPath"),
        ({"image": {"reference": "registry.example/weights:1"}}, "image"),
    ],
)
def test_each_kind_of_model_volume_is_mounted_where_the_worker_looks(
    cache: Manifest, volume: str
) -> None:
    spec = gpu_pod(pool_objects(modelCache=cache))
    (models,) = (each for each in spec["volumes"] if each["name"] == "models")
    (mount,) = (m for m in spec["containers"][0]["volumeMounts"] if m["name"] == "models")
    read_only = volume == "image" or cache.get("accessMode") == "ReadOnlyMany"

    assert set(models) == {"name", volume}
    assert mount["mountPath"] == "/models"
    assert mount.get("readOnly", False) is read_only
    assert ("initContainers" in spec) is not read_only


def test_compiled_kernels_are_kept_on_the_model_volume_unless_it_is_read_only() -> None:
    objects = pool_objects()
    assert environment(objects, gpu_pod(objects))["VLLM_CACHE_ROOT"].startswith("/models/")

    objects = pool_objects(modelCache={"existingClaim": "weights", "accessMode": "ReadOnlyMany"})
    folder = environment(objects, gpu_pod(objects))["VLLM_CACHE_ROOT"]
    mounts = gpu_pod(objects)["containers"][0]["volumeMounts"]
    assert any(folder.startswith(each["mountPath"]) and "readOnly" not in each for each in mounts)


def test_pools_share_no_compiled_kernels() -> None:
    pools = {
        name: {
            "engine": "vllm",
            "modelCache": {"existingClaim": "weights", "accessMode": "ReadWriteMany"},
        }
        for name in ("one", "two")
    }
    objects = manifests(merged(pools={"cpu": {"enabled": False}, **pools}))
    folders = {
        environment(objects, pod_template(objects, f"pf-{name}")["spec"])["VLLM_CACHE_ROOT"]
        for name in pools
    }

    assert len(folders) == 2
