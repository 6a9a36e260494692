"""Values that can't work are refused at the render, with the reason and what to do."""

import helm_python
import pytest
import yaml

from shared.config.settings import Settings
from tests.support.packaging.helm_chart import (
    CHART,
    SMALLEST,
    Manifest,
    manifests,
    merged,
    rendered,
)


def vllm(**pool: object) -> Manifest:
    """Values with one vllm pool."""
    return merged(pools={"vllm": {"enabled": True, **pool}})


def cache(**volume: object) -> Manifest:
    """Values with one vllm pool and its model volume."""
    return vllm(modelCache=volume)


def watcher(**values: object) -> Manifest:
    """A watcher of the inbox a."""
    return {"name": "inbox", "from": "s3://a/", "to": "s3://b/", **values}


SECRET_SETTINGS = [
    name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
]
EXTERNAL: Manifest = {"builtin": {"enabled": False}}
SENTINEL = {"sentinel": {"addresses": ["a:1"]}}
INGRESS = {"enabled": True, "ingress": {"enabled": True, "host": "events.example.com"}}
SAME_ACCOUNT = {"serviceAccount": {"create": True, "name": "same"}}
FILLED = {"existingClaim": "weights"}
ONE_POD = {"autoscaling": {"maxReplicas": 1}}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"redis": SMALLEST["redis"]}, "store.url is required"),
        (merged(store={"url": "/folder"}), "store"),
        (
            merged(store={"url": "s3://a-bucket", "endpointUrl": "https://storage.googleapis.com"}),
            "store.endpointUrl: storage.googleapis.com can't be the store",
        ),
        (
            merged(
                store={"url": "s3://a-bucket", "endpointUrl": "https://x.blob.core.windows.net"}
            ),
            "x.blob.core.windows.net can't be the store",
        ),
        (merged(redis={}), "redis.builtin.existingSecret is required: kubectl"),
        (merged(redis=EXTERNAL), "redis.external.host is required"),
        (merged(redis={**EXTERNAL, "external": {"host": "h", "username": "u"}}), "its password"),
        (
            merged(redis={**EXTERNAL, "external": {"host": "h", "certificates": {"secret": "s"}}}),
            "needs redis.external.tls=true",
        ),
        (
            merged(
                redis={**EXTERNAL, "external": {"tls": True, "sentinel": {"addresses": ["a:1"]}}}
            ),
            "use either sentinel.addresses, or host with tls",
        ),
        (merged(redis={**EXTERNAL, "external": {"host": "redis.example:6380"}}), "host"),
        (
            merged(redis={"builtin": {"existingSecret": "s"}, "external": {"host": "h"}}),
            "redis.external is not used while redis.builtin.enabled is true",
        ),
        (
            merged(
                redis={
                    "builtin": {"existingSecret": "s"},
                    "external": {"sentinel": {"addresses": ["a:1"]}},
                }
            ),
            "redis.external is not used while redis.builtin.enabled is true",
        ),
        # Values that would have no effect.
        (vllm(replicas=2), "pools.vllm.replicas: KEDA sets the number of pods"),
        (merged(pools={"cpu": {"autoscaling": {"maxReplicas": 9}}}), "add enabled: true"),
        (merged(pools={"cpu": {"preset": "L4"}}), "the cpu engine uses no GPU of its own"),
        (
            merged(pools={"check": {"engine": "transformers", "enginesPerGpu": 2}}),
            "the transformers engine can't share a GPU",
        ),
        (
            merged(serviceAccount={"create": False, "annotations": {"role": "x"}}),
            "serviceAccount.annotations: the chart annotates only accounts that it creates",
        ),
        (
            merged(sweeper={"serviceAccount": {"annotations": {"role": "x"}}}),
            "sweeper.serviceAccount.annotations: the chart annotates only accounts",
        ),
        (
            vllm(serviceAccount={"annotations": {"role": "x"}}),
            "pools.vllm.serviceAccount.annotations: the chart annotates only accounts",
        ),
        (merged(reducer=SAME_ACCOUNT, sweeper=SAME_ACCOUNT), "two accounts would be named same"),
        (
            merged(flower={"ingress": {"enabled": True, "host": "a.example"}}),
            "flower.ingress and flower.httpRoute need flower.enabled=true",
        ),
        (
            merged(watchers=[watcher(listen={**INGRESS, "enabled": False})]),
            "listen.ingress and listen.httpRoute need listen.enabled=true",
        ),
        (merged(watchers=[watcher(args=["--listen", "0.0.0.0:1"])]), "use listen instead"),
        (
            merged(
                watchers=[watcher(listen={"enabled": True, "port": 9464, "existingSecret": "x"})]
            ),
            "listen.port is the port of the metrics",
        ),
        # Ways that the network policy would shut.
        (
            vllm() | {"networkPolicy": {"kedaNamespaces": []}},
            "lets no KEDA read the queue; name its namespace",
        ),
        (
            merged(
                metrics={"podMonitor": {"enabled": True}}, networkPolicy={"metricsNamespaces": []}
            ),
            "lets no Prometheus in; name its namespace",
        ),
        (merged(networkPolicy={"egressCidrs": ["10.0.0.0/99"]}), "egressCidrs"),
        (merged(networkPolicy={"eventCidrs": ["10.0.0/8"]}), "eventCidrs"),
        (merged(networkPolicy={"redisCidrs": ["fd00::/129"]}), "redisCidrs"),
        # Secrets.
        (
            merged(store={"url": "s3://documents/x", "endpointUrl": "http://k:s@minio:9000"}),
            "http://…@minio:9000 has a user or password",
        ),
        (merged(traces={"endpoint": "https://k:s@otlp.example"}), "has a user or password"),
        (
            merged(extraEnv=[{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]),
            "use the Secret of store.existingSecret",
        ),
        (
            merged(sweeper={"extraEnv": [{"name": "PAGEFLEET_WEBHOOK_SECRET", "value": "x"}]}),
            "use the Secret of webhookSecret",
        ),
        (merged(flower={"args": ["--oauth2_secret=x"]}), "give --oauth2_secret as a variable"),
        (merged(flower={"args": ["--basic-auth=a:b"]}), "values are no place for secrets"),
        # Pools.
        (vllm(env={"PAGEFLEET_MODEL": "x"}), "set pools.<name>.model"),
        (vllm(env={"PAGEFLEET_ROLES": "sweep"}), "the chart sets it itself"),
        (vllm(tensorParallel=4), "10 attention heads"),
        (vllm(gpus=3, tensorParallel=2), "can't be divided into engines of 2"),
        (vllm(gpus=0), "needs a GPU"),
        (vllm(image="cpu"), "needs image: gpu"),
        (vllm(preset="B200"), "L40S"),
        (vllm(autoscaling={"minReplicas": 9}), "minReplicas is above maxReplicas"),
        (vllm(env={"HF_TOKEN": "hf_x"}), "use the Secret of modelCache.download.tokenSecret"),
        (vllm(env={"AWS_SECRET_ACCESS_KEY": "x"}), "use the Secret of store.existingSecret"),
        (merged(pools={"check": {"engine": "transformers", "image": "cpu"}}), "no torch"),
        (merged(pools={"magic": {}}), "pools.magic.engine is required"),
        (merged(pools={"magic": {"engine": "magic"}}), "'vllm'"),
        (merged(pools={"Books": {"engine": "cpu"}}), "Books"),
        (merged(pools={"cpu": {"model": "large"}}), "use one of: small, tiny"),
        (merged(pools={"cpu": {"replicas": -1}}), "replicas"),
        (merged(pools={"openai": {}}), "pools.openai.settings.engine_url is required"),
        # Weights.
        (cache(create=True), "can't share one claim with ReadWriteOnce"),
        (cache(**FILLED), "can't share one claim with ReadWriteOnce"),
        (cache(create=True, accessMode="ReadOnlyMany"), "a new claim is empty"),
        (cache(create=True, hostPath="/mnt"), "use one of existingClaim or create"),
        (cache(enabled=False), "no volume holds the model and hubOffline forbids"),
        (cache(download={"enabled": False}), "the volume is new and empty, and nothing fills it"),
        (
            cache(**FILLED, accessMode="ReadOnlyMany", download={"enabled": True}),
            "the volume is read-only",
        ),
        (
            cache(initCommand=["sh"], download={"enabled": True}),
            "use download or initCommand, not both",
        ),
        (vllm(model="/models/DeepSeek-OCR"), "the volume is new and empty"),
        (
            vllm(**ONE_POD, model="/models/x", modelCache={"enabled": False}),
            "is a folder of the model volume, but modelCache is off",
        ),
        # Settings.
        (merged(settings={"max_attempt": 5}), "max_attempt"),
        (merged(settings={"max_attempts": "many"}), "max_attempts"),
        (merged(settings={"webhook_secret": "x"}), "values are no place for secrets"),
        (merged(settings={"redis_url": "redis://:x@h"}), "values are no place for secrets"),
        (merged(settings={"lease_s": 90}), "set leaseSeconds"),
        (merged(settings={"store": "x"}), "set store.url"),
        (vllm(settings={"engine_api_key": "x"}), "apiKeySecret"),
        (merged(sweeper={"settings": {"retention_day": 1}}), "retention_day"),
        # Others.
        (merged(image={"tag": "1.0+cpu"}), "image/tag"),
        (
            merged(extraVolumes=[{"name": "tmp", "emptyDir": {}}]),
            "have a volume tmp already; choose another name",
        ),
        (
            vllm(extraVolumes=[{"name": "models", "emptyDir": {}}]),
            "the pods of pages-vllm have a volume models already",
        ),
        (
            merged(
                extraVolumes=[{"name": "own", "emptyDir": {}}],
                sweeper={"extraVolumes": [{"name": "own", "emptyDir": {}}]},
            ),
            "the pods of sweeper have a volume own already",
        ),
        (merged(flower=None), "missing property 'flower'"),
        (merged(redis={"builtin": None}), "missing property 'builtin'"),
        (merged(flower={"enabled": True}), "flower.existingSecret is required"),
        (
            merged(flower={"enabled": True, "existingSecret": "x", "ingress": {"enabled": True}}),
            "flower.ingress.host is required",
        ),
        (
            merged(flower={"enabled": True, "existingSecret": "x", "httpRoute": {"enabled": True}}),
            "flower.httpRoute.parentRefs is required",
        ),
        (
            merged(watchers=[watcher(listen={"existingSecret": "x", **INGRESS})]),
            "name its namespace in networkPolicy.eventNamespaces",
        ),
        (merged(watchers=[watcher(), watcher()]), "two of them are named inbox"),
        (merged(watchers=[watcher(listen={"enabled": True})]), "listen.existingSecret is required"),
        (merged(networkPolicy={"egressCidrs": ["169.254.169.254/32"]}), "metadataService"),
        (merged(networkPolicy={"egressCidrs": ["fd00:ec2::254/128"]}), "awsPodIdentity"),
        (merged(networkPolicy={"egressCidrs": ["fe80::/64"]}), "awsPodIdentity"),
        (merged(podDeletionCost=True), "set sweeper.serviceAccount.create=true"),
        (merged(leaseSeconds=30), "leaseSeconds below 60"),
        (merged(leaseSecond=30), "leaseSecond"),
    ],
)
def test_wrong_values_are_refused_with_the_reason(values: Manifest, reason: str) -> None:
    with pytest.raises(helm_python.HelmError) as refused:
        rendered(values)

    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "values",
    [
        vllm(**ONE_POD, modelCache={"create": True}),
        vllm(autoscaling={"enabled": False}, modelCache=FILLED),
        cache(enabled=False) | {"pools": {"vllm": {"enabled": True, "hubOffline": False,
                                                  "modelCache": {"enabled": False}}}},
        vllm(model="/models/x", modelCache={"image": {"reference": "registry.example/x:1"}}),
        cache(initCommand=["sh", "-c", "cp -r /weights /models"]),
        vllm(replicas=2, autoscaling={"enabled": False, "maxReplicas": 1}),
        merged(pools={"cpu": {"replicas": 2, "autoscaling": {"enabled": True}}}),
        merged(pools={"openai": {}}, settings={"engine_url": "http://vllm.example/v1"}),
        merged(extraEnv=[{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "a",
                                                                            "key": "b"}}}]),
        merged(networkPolicy={"redisCidrs": ["10.0.0.0/8", "fd00::/8", "2001:db8::/128"]}),
        merged(redis={**EXTERNAL, "external": {"host": "[2001:db8::1]"}}),
    ],
)  # fmt: skip
def test_ways_that_work_are_not_refused(values: Manifest) -> None:
    assert rendered(values)


def defaults() -> Manifest:
    """The chart's values with their defaults."""
    values: Manifest = yaml.safe_load((CHART / "values.yaml").read_text())
    return values


@pytest.mark.parametrize("name", sorted(defaults()))
def test_a_section_without_content_is_empty_or_refused_in_words(name: str) -> None:
    """Helm takes the defaults away where only the key of a section is left."""
    try:
        assert rendered(merged(**{name: None}))
    except helm_python.HelmError as error:
        in_words = ("missing property", "execution error at (pagefleet/templates/validate.yaml")
        assert any(words in str(error) for words in in_words)


@pytest.mark.parametrize("setting", SECRET_SETTINGS)
def test_a_secret_setting_is_refused_as_a_variable_of_a_pool(setting: str) -> None:
    with pytest.raises(helm_python.HelmError, match="values are no place for secrets"):
        rendered(vllm(env={f"PAGEFLEET_{setting.upper()}": "x"}))


def test_a_pool_cannot_have_the_name_of_another_part_of_the_chart() -> None:
    own = {"serviceAccount": {"create": True}}
    everything = merged(
        reducer=own, sweeper=own, watcher=own,
        flower={"enabled": True, "existingSecret": "login"}, watchers=[watcher()],
    )  # fmt: skip
    pool = {"engine": "cpu", "autoscaling": {"enabled": True}, **own}
    of_a_pool = {kind for kind, name in names(everything | {"pools": {"books": pool}})
                 if name == "pf-books"}  # fmt: skip
    others = {name for kind, name in names(everything | {"pools": {"cpu": {"enabled": False}}})
              if kind in of_a_pool} - {"pf"}  # fmt: skip

    assert {"pf-reducer", "pf-sweeper", "pf-watcher", "pf-flower", "pf-watch-inbox"} <= others
    for name in others:
        taken = name.removeprefix("pf-")
        with pytest.raises(helm_python.HelmError, match=f"pools.{taken}: .*choose another one"):
            rendered(merged(pools={taken: {"engine": "cpu"}}))


def names(values: Manifest) -> set[tuple[str, str]]:
    """Kind and name of every object that the chart creates."""
    return {(each["kind"], each["metadata"]["name"]) for each in manifests(values)}
