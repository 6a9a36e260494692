"""A changed value restarts the pods that it concerns, and no others."""

import json
from typing import Any

import helm_python
import pytest

from tests.support.packaging.helm_chart import (
    SMALLEST,
    Manifest,
    manifests,
    merged,
    named,
    of_kind,
    pod_template,
    rendered,
)

ALL = {"pf-cpu", "pf-flower", "pf-reducer", "pf-sweeper", "pf-vllm", "pf-watch-inbox"}
FLEET: Manifest = merged(
    pools={"vllm": {"enabled": True}, "cpu": {"enabled": True}},
    flower={"enabled": True, "existingSecret": "login"},
    watchers=[{"name": "inbox", "from": "s3://a/", "to": "s3://b/"}],
)


def changed(**values: Any) -> Manifest:
    """The fleet with values merged into its own, map by map."""
    return _merge(FLEET, values)


def _merge(old: Manifest, new: Manifest) -> Manifest:
    both = {key: _merge(old[key], value) for key, value in new.items()
            if isinstance(value, dict) and isinstance(old.get(key), dict)}  # fmt: skip
    return {**old, **new, **both}


def restarted(values: Manifest) -> set[str]:
    """Deployments and StatefulSets whose pods an upgrade from ``FLEET`` replaces."""
    before, after = _templates(FLEET), _templates(values)
    return {name for name in before if before[name] != after[name]}


def _templates(values: Manifest) -> dict[str, str]:
    objects = manifests(values)
    kinds = ("Deployment", "StatefulSet")
    return {
        each["metadata"]["name"]: json.dumps(each["spec"]["template"], sort_keys=True)
        for each in objects
        if each["kind"] in kinds
    }


@pytest.mark.parametrize(
    ("values", "pods"),
    [
        (changed(pools={"vllm": {"autoscaling": {"maxReplicas": 40}}}), set()),
        (changed(pools={"vllm": {"autoscaling": {"pagesPerReplica": 40}}}), set()),
        (changed(pools={"cpu": {"replicas": 9}}), set()),
        (changed(pools={"cpu": {"concurrency": 2}}), {"pf-cpu"}),
        (changed(pools={"cpu": {"settings": {"num_workers": 2}}}), {"pf-cpu"}),
        (changed(pools={"vllm": {"settings": {"batch_size": 64}}}), {"pf-vllm"}),
        (changed(pools={"more": {"engine": "cpu", "model": "tiny"}}), {"pf-sweeper"}),
        (changed(sweeper={"settings": {"retention_days": 9}}), {"pf-sweeper"}),
        (changed(webhookSecret={"name": "webhooks"}), {"pf-sweeper"}),
        (changed(reducer={"replicas": 4}), set()),
        (changed(watcher={"settings": {"max_pages": 9}}), {"pf-watch-inbox"}),
        (changed(flower={"urlPrefix": "flower"}), {"pf-flower"}),
        (changed(store={"existingSecret": "keys"}), ALL - {"pf-flower"}),
        (changed(metrics={"podMonitor": {"enabled": True}}), set()),
        (changed(networkPolicy={"egressCidrs": []}), set()),
        (changed(serviceAccount={"annotations": {"role": "x"}}), set()),
        (changed(redis={"builtin": {"maxmemory": "2gb"}}), {"pf-valkey"}),
        (changed(redis={"builtin": {"persistence": {"size": "9Gi"}}}), set()),
        (changed(settings={"max_attempts": 5}), ALL),
        (changed(leaseSeconds=200), ALL),
        (changed(secretsVersion="2"), ALL | {"pf-valkey"}),
        (changed(secretsVersion=2), ALL | {"pf-valkey"}),
    ],
)
def test_a_changed_value_restarts_the_pods_that_it_concerns(
    values: Manifest, pods: set[str]
) -> None:
    assert restarted(values) == pods


def test_two_renders_without_a_cluster_are_equal() -> None:
    assert rendered(FLEET) == rendered(FLEET)


def test_a_generated_password_is_in_its_secret_only_and_its_checksum_on_each_pod() -> None:
    values = {**FLEET, "redis": {"builtin": {"generatePassword": True}}}
    objects = manifests(values)
    (secret,) = of_kind(objects, "Secret")

    rest = json.dumps([each for each in objects if each["kind"] != "Secret"])

    assert secret["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert secret["data"]["password"] not in rest
    checksums = {
        pod_template(objects, name)["metadata"]["annotations"]["checksum/secrets"]
        for name in (*ALL, "pf-valkey")
    }
    assert len(checksums) == 1


def test_an_upgrade_never_replaces_a_generated_password_that_it_can_not_see() -> None:
    values = {**FLEET, "redis": {"builtin": {"generatePassword": True}}}
    with pytest.raises(helm_python.HelmError) as refused:
        rendered(values, upgrade=True)

    assert "there is no Secret pf-valkey to take the password from" in str(refused.value)


def test_every_pod_gets_only_the_secrets_that_it_needs() -> None:
    values = _merge(
        FLEET,
        {
            "store": {"existingSecret": "keys"},
            "webhookSecret": {"name": "webhooks"},
            "pools": {
                "openai": {"settings": {"engine_url": "http://x"}, "apiKeySecret": {"name": "key"}},
                "vllm": {"modelCache": {"download": {"tokenSecret": {"name": "hub"}}}},
            },
        },
    )
    objects = manifests(values)
    found = {name: _secrets(pod_template(objects, name)["spec"]) for name in (*ALL, "pf-openai")}

    assert found == {
        "pf-cpu": {"valkey-login", "keys"},
        "pf-flower": {"valkey-login", "login"},
        "pf-openai": {"valkey-login", "keys", "key"},
        "pf-reducer": {"valkey-login", "keys"},
        "pf-sweeper": {"valkey-login", "keys", "webhooks"},
        "pf-vllm": {"valkey-login", "keys", "hub"},
        "pf-watch-inbox": {"valkey-login", "keys"},
    }


def _secrets(value: Any) -> set[str]:
    """Names of all Secrets that a pod spec refers to."""
    if isinstance(value, list):
        return set().union(*map(_secrets, value))
    if not isinstance(value, dict):
        return set()
    own = {
        value[key].get("name", value[key].get("secretName"))
        for key in ("secretKeyRef", "secretRef", "secret")
        if isinstance(value.get(key), dict)
    }
    return own.union(*map(_secrets, value.values()))


def test_a_component_can_have_its_own_account_and_keys() -> None:
    account = {"create": True, "annotations": {"eks.amazonaws.com/role-arn": "arn:x"}}
    values = _merge(FLEET, {"reducer": {"serviceAccount": account, "storeSecret": "reducer-keys"}})
    objects = manifests(values)
    reducer = pod_template(objects, "pf-reducer")["spec"]

    assert reducer["serviceAccountName"] == "pf-reducer"
    own = named(objects, "ServiceAccount", "pf-reducer")
    assert own["metadata"]["annotations"] == account["annotations"]
    assert "reducer-keys" in _secrets(reducer)
    assert pod_template(objects, "pf-sweeper")["spec"]["serviceAccountName"] == "pf"


def test_the_account_of_flower_has_no_role() -> None:
    annotations = {"annotations": {"eks.amazonaws.com/role-arn": "arn:x"}}
    objects = manifests(_merge(FLEET, {"serviceAccount": annotations}))
    flower = pod_template(objects, "pf-flower")["spec"]["serviceAccountName"]

    assert "annotations" not in named(objects, "ServiceAccount", flower)["metadata"]


def test_certificates_of_an_external_broker_reach_the_pods_and_keda() -> None:
    external = {
        "host": "redis.example", "tls": True, "existingSecret": "login", "username": "fleet",
        "certificates": {"secret": "certs", "cert": "tls.crt", "key": "tls.key"},
    }  # fmt: skip
    values = {
        **SMALLEST,
        "redis": {"builtin": {"enabled": False}, "external": external},
        "pools": {"cpu": {"autoscaling": {"enabled": True}}},
    }
    objects = manifests(values)
    container = pod_template(objects, "pf-cpu")["spec"]["containers"][0]
    variables = {each["name"]: each.get("value") for each in container["env"]}
    parameters = named(objects, "TriggerAuthentication", "pf-redis")["spec"]["secretTargetRef"]
    (trigger,) = of_kind(objects, "ScaledObject")[0]["spec"]["triggers"]

    assert variables["PAGEFLEET_REDIS_URL"] == "rediss://redis.example:6379/0"
    assert variables["PAGEFLEET_REDIS_USERNAME"] == "fleet"
    assert variables["PAGEFLEET_REDIS_CA_FILE"] == "/etc/pagefleet/redis/ca.crt"
    assert variables["PAGEFLEET_REDIS_KEY_FILE"] == "/etc/pagefleet/redis/tls.key"
    assert {each["parameter"] for each in parameters} == {"password", "ca", "cert", "key"}
    assert trigger["metadata"]["username"] == "fleet"
    assert trigger["metadata"]["enableTLS"] == "true"


def test_objects_of_the_operator_are_rendered_as_templates() -> None:
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-x"}}

    assert named(manifests({**FLEET, "extraObjects": [own]}), "ConfigMap", "pf-x")
