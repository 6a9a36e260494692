"""Network policies of the chart: what is not named is closed, and needed ways are open."""

import ipaddress
from pathlib import Path
from typing import Any

import pytest

from tests.support.packaging.helm_chart import (
    SMALLEST,
    Manifest,
    every_value_set,
    manifests,
    merged,
    named,
    of_kind,
    value_set,
)

METADATA = ("169.254.169.254", "169.254.169.252", "169.254.170.2", "169.254.170.23",
            "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254")  # fmt: skip


def policy(values: Manifest, name: str = "pf") -> Manifest:
    """The spec of one NetworkPolicy."""
    spec: Manifest = named(manifests(values), "NetworkPolicy", name)["spec"]
    return spec


def network(**values: Any) -> Manifest:
    """The fleet's policy with some values of ``networkPolicy``."""
    return policy(merged(networkPolicy=values))


def reached(rules: list[Manifest], address: str) -> set[int | None]:
    """Ports at which ``rules`` let pods reach an address; None: every port."""
    ports: set[int | None] = set()
    for rule in rules:
        if "to" not in rule or any(_contains(peer, address) for peer in rule["to"]):
            ports |= {port["port"] for port in rule.get("ports", [])} or {None}
    return ports


def _contains(peer: Manifest, address: str) -> bool:
    block = peer.get("ipBlock")
    if block is None:
        return False
    wanted = ipaddress.ip_address(address)
    inside = wanted in ipaddress.ip_network(block["cidr"], strict=False)
    return inside and not any(
        wanted in ipaddress.ip_network(each) for each in block.get("except", [])
    )


@every_value_set
def test_no_list_of_peers_or_ports_is_empty(path: Path) -> None:
    for each in of_kind(manifests(value_set(path)), "NetworkPolicy"):
        spec = each["spec"]
        for rule in [*(spec.get("ingress") or []), *(spec.get("egress") or [])]:
            assert rule, each["metadata"]["name"]
            for key, value in rule.items():
                assert value, (each["metadata"]["name"], key)


@every_value_set
def test_no_metadata_service_is_reachable_unless_it_is_asked_for(path: Path) -> None:
    values = value_set(path)
    asked = values.get("networkPolicy", {})
    spec = policy(values)
    for address in METADATA:
        assert reached(spec["egress"], address) - {53} == _asked_for(address, asked), address


def _asked_for(address: str, asked: Manifest) -> set[int]:
    """Ports of a metadata service that the values of ``networkPolicy`` open."""
    if address in ("169.254.170.23", "fd00:ec2::23"):
        return {80} if asked.get("awsPodIdentity") else set()
    ports = {"169.254.169.254": {80}, "169.254.169.252": {987, 988}}
    return ports.get(address, set()) if asked.get("metadataService") else set()


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "128.0.0.0/1", "160.0.0.0/3", "169.0.0.0/8"])
def test_a_wide_range_has_an_exception_for_link_local_addresses(cidr: str) -> None:
    spec = network(egressCidrs=[cidr])

    assert reached(spec["egress"], "169.254.169.254") == {53}
    assert 443 in reached(spec["egress"], str(ipaddress.ip_network(cidr)[9]))


@pytest.mark.parametrize("cidr", ["::/0", "8000::/1", "fc00::/7", "fd00::/8", "fd00:e00::/24"])
def test_a_wide_range_has_an_exception_for_metadata_services_of_ipv6(cidr: str) -> None:
    spec = network(egressCidrs=[cidr])
    inside = ipaddress.IPv6Network(cidr)

    for address in ("fd00:ec2::254", "fd20:ce::254", "fe80::1"):
        assert reached(spec["egress"], address) == {53}
    assert 443 in reached(spec["egress"], str(inside[9]))
    for rule in spec["egress"]:
        for block in (peer["ipBlock"] for peer in rule.get("to", []) if "ipBlock" in peer):
            assert all(ipaddress.IPv6Network(each).subnet_of(inside) for each in block["except"])


@pytest.mark.parametrize(
    "cidr", ["10.0.0.0/8", "0.0.0.0/1", "192.0.2.0/24", "2001:db8::/32", "::/1"]
)
def test_a_range_without_link_local_addresses_has_no_exception(cidr: str) -> None:
    (rule,) = (r for r in network(egressCidrs=[cidr])["egress"] if "ipBlock" in str(r))

    assert rule["to"] == [{"ipBlock": {"cidr": cidr}}]


def test_empty_lists_close_every_way_but_dns_and_the_broker() -> None:
    closed: Manifest = {
        "metricsNamespaces": [], "flowerNamespaces": [], "kedaNamespaces": [], "egressCidrs": [],
        "egressPorts": [], "redisCidrs": [],
    }  # fmt: skip
    values = merged(
        networkPolicy=closed,
        flower={"enabled": True, "existingSecret": "login"},
        watchers=[
            {
                "name": "a", "from": "s3://a/", "to": "s3://b/",
                "listen": {"enabled": True, "existingSecret": "events"},
            }
        ],
    )  # fmt: skip
    objects = manifests(values)
    spec = policy(values)

    assert {each["metadata"]["name"] for each in of_kind(objects, "NetworkPolicy")} == {
        "pf", "pf-valkey",
    }  # fmt: skip
    assert spec["ingress"] == []
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert len(spec["egress"]) == 2
    assert [port["port"] for port in spec["egress"][0]["ports"]] == [53, 53]
    assert "podSelector" in spec["egress"][1]["to"][0]
    valkey = policy(values, "pf-valkey")
    assert [set(peer) for peer in valkey["ingress"][0]["from"]] == [{"podSelector"}]
    assert valkey["egress"] == []


@pytest.mark.parametrize("name", ["egressCidrs", "egressPorts", "metricsNamespaces"])
def test_one_empty_list_leaves_its_rule_out(name: str) -> None:
    spec = network(**{name: []})
    outside = reached(spec["egress"], "203.0.113.1") - {53}

    assert outside == (set() if name == "egressCidrs" else {443})
    assert (spec["ingress"] == []) is (name == "metricsNamespaces")


def test_the_port_of_an_external_store_is_open() -> None:
    store = {"url": "s3://documents/pagefleet", "endpointUrl": "https://s3.example:9000"}
    spec = policy(merged(store=store))

    assert reached(spec["egress"], "203.0.113.1") == {53, 443, 9000}


def test_the_ports_of_a_proxy_and_of_an_event_queue_are_open() -> None:
    queue = ["--queue-url", "https://sqs.example:9324/1/drops"]
    other = ["--queue-url=https://sqs.example:9325/1/drops"]
    spec = policy(
        merged(
            extraEnv=[{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}],
            watchers=[
                {"name": name, "from": f"s3://{name}/", "to": "s3://out/", "args": args}
                for name, args in (("a", queue), ("b", other))
            ],
        )
    )

    assert reached(spec["egress"], "203.0.113.1") == {53, 443, 3128, 9324, 9325}


def test_the_broker_of_the_own_namespace_is_reached_there() -> None:
    redis = {"builtin": {"enabled": False}, "external": {"host": "redis"}}
    spec = policy(merged(redis=redis, networkPolicy={"redisCidrs": [], "egressCidrs": []}))

    assert spec["egress"][1:] == [
        {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ocr"}}}]}
    ]


def test_services_in_the_cluster_are_reached_in_their_namespace() -> None:
    values = merged(
        store={"url": "s3://documents/pagefleet", "endpointUrl": "http://sea.storage.svc:8333"},
        traces={"endpoint": "http://collector.monitoring.svc.cluster.local:4318"},
        pools={"openai": {"settings": {"engine_url": "http://vllm.models.svc/v1"}}},
        redis={"builtin": {"enabled": False}, "external": {"host": "redis.databases.svc"}},
        networkPolicy={"egressCidrs": [], "redisCidrs": []},
    )
    spec = policy(values)
    names = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in spec["egress"]
        for peer in rule.get("to", [])
    ]

    assert names == ["databases", "models", "monitoring", "storage"]


def test_an_external_broker_is_reached_at_any_address_but_the_metadata_service() -> None:
    redis = {"builtin": {"enabled": False}, "external": {"host": "redis.example", "port": 6380}}
    spec = policy({**SMALLEST, "redis": redis})

    assert 6380 in reached(spec["egress"], "203.0.113.1")
    assert reached(spec["egress"], "169.254.169.254") == {53}


def test_the_sentinels_and_their_primary_are_reached() -> None:
    external = {"sentinel": {"addresses": ["sentinel.example:26379"]}}
    values = {**SMALLEST, "redis": {"builtin": {"enabled": False}, "external": external}}

    assert {26379, 6379} <= reached(policy(values)["egress"], "203.0.113.1")


def test_producers_of_other_namespaces_reach_the_broker_only_if_they_are_named() -> None:
    values = merged(networkPolicy={"producerNamespaces": ["intake"]})
    (rule,) = policy(values, "pf-valkey")["ingress"]
    names = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for peer in rule["from"]
        if "namespaceSelector" in peer
    ]

    assert names == ["keda", "intake"]


def test_rules_of_the_operator_are_added() -> None:
    egress = {"to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}], "ports": [{"port": 9000}]}
    ingress = {"from": [{"podSelector": {}}], "ports": [{"port": 9464}]}
    spec = network(extraEgress=[egress], extraIngress=[ingress])

    assert egress in spec["egress"]
    assert ingress in spec["ingress"]


def test_a_watcher_that_listens_has_a_service_and_takes_events_from_named_places_only() -> None:
    listen = {"enabled": True, "port": 9000, "existingSecret": "events", "secretKey": "token"}
    values = merged(
        watchers=[{"name": "a", "from": "s3://a/", "to": "s3://b/", "listen": listen}],
        networkPolicy={"eventNamespaces": ["gateways"], "eventCidrs": ["192.0.2.0/24"]},
    )
    objects = manifests(values)
    (rule,) = policy(values, "pf-watch-a")["ingress"]
    container = named(objects, "Deployment", "pf-watch-a")["spec"]["template"]["spec"][
        "containers"
    ][0]
    service = named(objects, "Service", "pf-watch-a")["spec"]

    assert len(rule["from"]) == 2
    assert [port["port"] for port in rule["ports"]] == [9000]
    assert container["args"][-4:] == [
        "--listen", "0.0.0.0:9000", "--secret-file", "/etc/pagefleet/listen/secret",
    ]  # fmt: skip
    assert {"name": "events", "containerPort": 9000} in container["ports"]
    assert service["ports"][0]["targetPort"] == "events"


def test_the_prefix_of_flower_is_in_its_route_and_its_options() -> None:
    ingress = {"enabled": True, "host": "fleet.example.com"}
    flower = {
        "enabled": True, "existingSecret": "login", "urlPrefix": "/flower/", "ingress": ingress,
    }  # fmt: skip
    objects = manifests(merged(flower=flower))
    pod = named(objects, "Deployment", "pf-flower")["spec"]["template"]["spec"]
    (rule,) = named(objects, "Ingress", "pf-flower")["spec"]["rules"]

    assert pod["containers"][0]["args"][-2:] == ["--", "--url_prefix=flower"]
    assert rule["host"] == "fleet.example.com"
    assert rule["http"]["paths"][0]["path"] == "/flower"
