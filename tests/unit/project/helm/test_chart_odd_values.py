"""Values that YAML could read as another type render the texts and numbers that were meant."""

import helm_python
import pytest

from tests.support.packaging.helm_chart import (
    KUBERNETES,
    SMALLEST,
    Manifest,
    environment,
    manifests,
    merged,
    named,
    of_kind,
    pod_template,
    rendered,
)
from tests.support.packaging.kubernetes_schemas import check_object

NUMBER = "0123"
EVERY_HOST = {"enabled": True, "host": "*.example.com", "className": NUMBER, "tlsSecret": NUMBER}
ACCOUNT = {"create": True, "name": NUMBER}
#: Names that consist of digits, in every place where the chart writes one.
DIGITS: Manifest = merged(
    store={"url": "s3://documents/pagefleet", "existingSecret": NUMBER},
    redis={
        "builtin": {
            "existingSecret": NUMBER,
            "persistence": {"storageClass": NUMBER, "size": 10737418240},
        }
    },
    sweeper={"serviceAccount": ACCOUNT, "priorityClassName": NUMBER},
    podDeletionCost=True,
    priorityClass={"control": NUMBER, "worker": NUMBER},
    flower={"enabled": True, "existingSecret": NUMBER, "ingress": EVERY_HOST},
    pools={
        "vllm": {
            "enabled": True, "runtimeClassName": NUMBER,
            "modelCache": {"create": True, "accessMode": "ReadWriteMany", "storageClass": NUMBER},
        }
    },
    networkPolicy={"producerNamespaces": [NUMBER], "metricsNamespaces": [NUMBER, "true"]},
)  # fmt: skip


def test_names_of_digits_and_a_host_with_a_star_stay_texts() -> None:
    objects = manifests(DIGITS)

    for each in objects:
        check_object(each, KUBERNETES[-1])
    assert named(objects, "Ingress", "pf-flower")["spec"]["rules"][0]["host"] == "*.example.com"


def test_a_release_of_one_shard_has_the_list_and_its_number() -> None:
    external = {
        "host": "b.example", "database": 2, "existingSecret": "pf",
        "shards": ["a.example:6379", "b.example:6380"],
    }  # fmt: skip
    objects = manifests(
        merged(
            redis={"builtin": {"enabled": False}, "external": external},
            settings={"shard": 1},
        )
    )
    variables = environment(objects, pod_template(objects, "pf-sweeper")["spec"])
    assert variables["PAGEFLEET_REDIS_URL"] == "redis://a.example:6379/2,redis://b.example:6380/2"
    assert variables["PAGEFLEET_SHARD"] == "1"


def test_a_certificate_secret_and_a_key_of_digits_stay_texts() -> None:
    external = {
        "host": "redis.example", "tls": True, "existingSecret": NUMBER, "passwordKey": "1",
        "certificates": {"secret": NUMBER, "ca": "2"},
    }  # fmt: skip
    redis = {"builtin": {"enabled": False}, "external": external}
    pools = {"cpu": {"autoscaling": {"enabled": True}}}
    objects = manifests(merged(redis=redis, pools=pools))

    for each in objects:
        check_object(each, KUBERNETES[-1])
    login = named(objects, "TriggerAuthentication", "pf-redis")["spec"]["secretTargetRef"]
    assert {(each["name"], each["key"]) for each in login} == {(NUMBER, "1"), (NUMBER, "2")}


def test_a_priority_of_a_million_is_a_whole_number() -> None:
    values = merged(priorityClass={"create": True, "controlValue": 1_000_000})

    assert {each["value"] for each in of_kind(manifests(values), "PriorityClass")} == {
        1_000_000, 1000,
    }  # fmt: skip


def test_fleets_of_one_name_in_two_namespaces_have_priority_classes_of_their_own() -> None:
    values = merged(priorityClass={"create": True})
    names = []
    for namespace in ("ocr", "test"):
        objects = manifests(values, namespace)
        found = {each["metadata"]["name"] for each in of_kind(objects, "PriorityClass")}
        pods = {
            each["spec"]["template"]["spec"]["priorityClassName"]
            for each in of_kind(objects, "Deployment")
        }
        assert pods == found
        names.append(found)

    assert not names[0] & names[1]


@pytest.mark.parametrize("release", ["2024", "1st", "pf.prod"])
def test_a_release_whose_services_could_have_no_name_is_refused(release: str) -> None:
    with pytest.raises(helm_python.HelmError, match="set fullnameOverride"):
        rendered(SMALLEST, name=release)

    texts = rendered(merged(fullnameOverride="documents"), name=release)
    assert f'app.kubernetes.io/instance: "{release}"' in "".join(texts.values())


def test_dollar_signs_reach_the_pods_and_keda_as_they_are() -> None:
    """The kubelet reads $$ as $, and $(NAME) as another variable."""
    user = "a$$b$(PAGEFLEET_HOME)$"
    external = {"host": "redis.example", "existingSecret": "login", "username": user}
    values = merged(
        redis={"builtin": {"enabled": False}, "external": external},
        pools={"cpu": {"autoscaling": {"enabled": True}, "settings": {"gpus": user}}},
    )
    objects = manifests(values)
    variables = environment(objects, pod_template(objects, "pf-cpu")["spec"])
    (trigger,) = of_kind(objects, "ScaledObject")[0]["spec"]["triggers"]

    assert variables["PAGEFLEET_REDIS_USERNAME"] == variables["PAGEFLEET_GPUS"] == user
    assert trigger["metadata"]["username"] == user


@pytest.mark.parametrize(
    ("external", "address"),
    [
        ({"host": "redis"}, "redis.ocr.svc:6379"),
        ({"host": "redis.databases", "port": 6380}, "redis.databases:6380"),
        ({"host": "[2001:db8::1]"}, "[2001:db8::1]:6379"),
        ({"sentinel": {"addresses": ["one:26379", "two.db.svc:26380"]}},
         "one.ocr.svc:26379,two.db.svc:26380"),
    ],
)  # fmt: skip
def test_keda_finds_a_broker_of_the_fleets_namespace(external: Manifest, address: str) -> None:
    values = merged(
        redis={"builtin": {"enabled": False}, "external": external},
        pools={"cpu": {"autoscaling": {"enabled": True}}},
    )
    (trigger,) = of_kind(manifests(values), "ScaledObject")[0]["spec"]["triggers"]

    metadata = trigger["metadata"]
    assert metadata.get("address", metadata.get("addresses")) == address


def test_keda_verifies_the_brokers_certificate_where_the_pods_do() -> None:
    external = {"host": "redis.example", "tls": True}
    values = merged(
        redis={"builtin": {"enabled": False}, "external": external},
        pools={"cpu": {"autoscaling": {"enabled": True}}},
    )
    for verify, unsafe in ((True, None), (False, "true")):
        changed = {**values, "settings": {"redis_verify": verify}}
        (trigger,) = of_kind(manifests(changed), "ScaledObject")[0]["spec"]["triggers"]
        assert trigger["metadata"].get("unsafeSsl") == unsafe


def test_helm_test_asks_the_store_with_an_account_and_keys_of_its_own() -> None:
    own = {"storeSecret": "doctor-keys", "serviceAccount": {"create": True}}
    objects = manifests(merged(doctor=own))
    spec = named(objects, "Pod", "pf-doctor")["spec"]

    assert named(objects, "ServiceAccount", spec["serviceAccountName"])
    assert spec["serviceAccountName"] == "pf-doctor"
    assert {"secretRef": {"name": "doctor-keys"}} in spec["containers"][0]["envFrom"]
