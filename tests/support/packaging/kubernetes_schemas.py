"""Checks Kubernetes objects against JSON Schemas, each of which is read once.

Schemas of Kubernetes' own objects come from the package ``kubernetes-validate``, which itself reads
them anew for each object; those of custom resources are in ``crd_schemas``.
"""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema
from referencing import Registry, Resource

from tests.support.paths import ROOT

_OWN = ROOT / "tests" / "support" / "packaging" / "crd_schemas"


def check_object(manifest: dict[str, Any], release: str) -> None:
    """Raise jsonschema.ValidationError where ``manifest`` is not valid for this release."""
    kind = manifest["kind"]
    if (_OWN / f"{kind}.json").exists():
        _validator_of_custom(kind).validate(manifest)
    else:
        _validator(kind.lower(), manifest["apiVersion"], release).validate(manifest)


@cache
def _validator_of_custom(kind: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads((_OWN / f"{kind}.json").read_text()))


@cache
def _validator(kind: str, api_version: str, release: str) -> jsonschema.Draft202012Validator:
    # rbac.authorization.k8s.io/v1 is in the file …-rbac-v1.json
    version = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    schema = _contents(release, f"{kind}-{version}.json")
    registry: Registry[Any] = Resource.from_contents(schema) @ _definitions(release)
    return jsonschema.Draft202012Validator(schema, registry=registry)


@cache
def _definitions(release: str) -> Registry[Any]:
    registry: Registry[Any] = (
        Resource.from_contents(_contents(release, "_definitions.json")) @ Registry()
    )
    return registry


def _contents(release: str, name: str) -> Any:
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{release}-local-strict"
    return json.loads((folder / name).read_text("utf-8"))
