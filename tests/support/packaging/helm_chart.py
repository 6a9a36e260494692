"""Renders the Helm chart for tests, without a cluster and without the helm binary."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import yaml

from tests.support.paths import ROOT

CHART = ROOT / "helm" / "pagefleet"
VALUE_SETS = sorted((CHART / "ci").glob("*-values.yaml"))
SMALLEST = {"store": {"url": "s3://documents/pagefleet"}}
#: Releases that the chart must stay valid for.
KUBERNETES = ("1.29.0", "1.33.0")
Manifest = dict[str, Any]


def value_set(path: Path) -> Manifest:
    """The values of one file in ``ci/``."""
    values: Manifest = yaml.safe_load(path.read_text())
    return values


def rendered(values: Manifest, name: str = "pf", namespace: str = "ocr") -> dict[str, str]:
    """The rendered text of each template by its path, NOTES.txt included."""
    with helm_python.Chart.load(str(CHART)) as chart:
        chart.validate_schema(values)
        return dict(chart.render(values, name=name, namespace=namespace))


def manifests(values: Manifest) -> list[Manifest]:
    """Every object that the chart creates."""
    texts = (text for path, text in rendered(values).items() if not path.endswith("NOTES.txt"))
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


def of_kind(objects: list[Manifest], kind: str) -> list[Manifest]:
    """The objects of one kind."""
    return [each for each in objects if each["kind"] == kind]


def named(objects: list[Manifest], kind: str, name: str) -> Manifest:
    """The one object of this kind and name."""
    (match,) = (each for each in of_kind(objects, kind) if each["metadata"]["name"] == name)
    return match


def pods(objects: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Name and pod spec of each Deployment and StatefulSet."""
    for each in objects:
        if each["kind"] in ("Deployment", "StatefulSet"):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]


def containers(pod: Manifest) -> list[Manifest]:
    """All containers of a pod, init containers included."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def environment(objects: list[Manifest], pod: Manifest) -> dict[str, str]:
    """Variables of a pod's first container as the kubelet would set them."""
    container = pod["containers"][0]
    variables: dict[str, str] = {}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            variables |= named(objects, "ConfigMap", source["configMapRef"]["name"])["data"]
    for entry in container.get("env", []):
        variables[entry["name"]] = _value(entry, variables)
    return variables


def _value(entry: Manifest, earlier: dict[str, str]) -> str:
    if "value" not in entry:
        return f"secret-{entry['valueFrom']['secretKeyRef']['key']}"
    value = str(entry["value"])
    for name, replacement in earlier.items():
        value = value.replace(f"$({name})", replacement)
    return value
