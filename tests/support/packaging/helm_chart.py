"""Renders the Helm chart for tests, without a cluster and without the helm binary."""

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

from tests.support.paths import ROOT

CHART = ROOT / "helm" / "pagefleet"
VALUE_SETS = sorted((CHART / "ci").glob("*-values.yaml"))
BROKER_LOGIN = {"builtin": {"existingSecret": "valkey-login"}}
SMALLEST = {"store": {"url": "s3://documents/pagefleet"}, "redis": BROKER_LOGIN}
#: Releases that the chart must stay valid for.
KUBERNETES = ("1.29.0", "1.33.0")
#: What the kubelet replaces in the value of a variable.
EXPANSION = re.compile(r"\$\$|\$\(([^)]*)\)")
Manifest = dict[str, Any]
every_value_set = pytest.mark.parametrize("path", VALUE_SETS, ids=lambda path: path.stem)


def value_set(path: Path) -> Manifest:
    """The values of one file in ``ci/``."""
    values: Manifest = yaml.safe_load(path.read_text())
    return values


def merged(**changes: Any) -> Manifest:
    """The smallest values with some of them changed."""
    return {**SMALLEST, **changes}


def rendered(
    values: Manifest, name: str = "pf", namespace: str = "ocr", *, upgrade: bool = False
) -> dict[str, str]:
    """The rendered text of each template by its path, NOTES.txt included."""
    with helm_python.Chart.load(str(CHART)) as chart:
        chart.validate_schema(values)
        return dict(
            chart.render(
                values, name=name, namespace=namespace, is_upgrade=upgrade, is_install=not upgrade
            )
        )


def manifests(values: Manifest, namespace: str = "ocr") -> list[Manifest]:
    """Every object that the chart creates."""
    return copy.deepcopy(_manifests(json.dumps(values, sort_keys=True), namespace))


@cache
def _manifests(values: str, namespace: str) -> list[Manifest]:
    texts = rendered(json.loads(values), namespace=namespace)
    kept = (text for path, text in texts.items() if not path.endswith("NOTES.txt"))
    return [each for text in kept for each in yaml.load_all(text, yaml.CSafeLoader) if each]


def of_kind(objects: list[Manifest], kind: str) -> list[Manifest]:
    """The objects of one kind."""
    return [each for each in objects if each["kind"] == kind]


def named(objects: list[Manifest], kind: str, name: str) -> Manifest:
    """The one object of this kind and name."""
    (match,) = (each for each in of_kind(objects, kind) if each["metadata"]["name"] == name)
    return match


def pods(objects: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Name and pod spec of each Deployment, StatefulSet and Pod."""
    for each in objects:
        if each["kind"] in ("Deployment", "StatefulSet"):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]
        if each["kind"] == "Pod":
            yield each["metadata"]["name"], each["spec"]


def pod_template(objects: list[Manifest], name: str) -> Manifest:
    """Metadata and spec of the pods of one Deployment or StatefulSet."""
    kind = "StatefulSet" if name.endswith("valkey") else "Deployment"
    template: Manifest = named(objects, kind, name)["spec"]["template"]
    return template


def containers(pod: Manifest) -> list[Manifest]:
    """All containers of a pod, init containers included."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def environment(objects: list[Manifest], pod: Manifest) -> dict[str, str]:
    """Variables of a pod's first container as the kubelet would set them."""
    container = pod["containers"][0]
    variables: dict[str, str] = {}
    for source in container.get("envFrom", []):
        name = source.get("configMapRef", {}).get("name")
        # Others are the operator's own.
        for each in of_kind(objects, "ConfigMap"):
            variables |= each["data"] if each["metadata"]["name"] == name else {}
    for entry in container.get("env", []):
        variables[entry["name"]] = _value(entry, variables)
    return variables


def _value(entry: Manifest, earlier: dict[str, str]) -> str:
    if "value" not in entry:
        return f"secret-{entry['valueFrom']['secretKeyRef']['key']}"
    return EXPANSION.sub(lambda found: _expanded(found, earlier), str(entry["value"]))


def _expanded(found: re.Match[str], earlier: dict[str, str]) -> str:
    return "$" if found[0] == "$$" else earlier.get(found[1], found[0])
