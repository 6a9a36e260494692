"""Checks Kubernetes objects against the schemas of the package ``kubernetes-validate``.

That package reads and parses the schemas anew for each object, which takes a second; here each is
read once.
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
    own = _OWN / f"{manifest['kind']}.json"
    if own.exists():
        jsonschema.validate(manifest, json.loads(own.read_text()))
    else:
        _validator(manifest["kind"].lower(), manifest["apiVersion"], release).validate(manifest)


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
