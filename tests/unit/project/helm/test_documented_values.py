"""The values that documentation pages show render valid objects."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from tests.support.packaging.helm_chart import KUBERNETES, Manifest, manifests, merged
from tests.support.packaging.kubernetes_schemas import check_object
from tests.support.paths import ROOT

BLOCK = re.compile(r"^( *)```ya?ml\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
DIGEST = f"sha256:{'0' * 64}"


def shown_values() -> list[Any]:
    """The values of each block of YAML in the documentation, by its page and number."""
    pages = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        pytest.param(values, id=f"{page.relative_to(ROOT)}-{number}")
        for page in pages
        for number, values in enumerate(map(_values, _blocks(page)), 1)
    ]


def _blocks(page: Path) -> list[Manifest]:
    texts = [dedent(text) for _, text in BLOCK.findall(page.read_text())]
    return [yaml.safe_load(text.replace("sha256:…", DIGEST)) for text in texts]


def _values(block: Manifest) -> Manifest:
    """The block itself, or the values in an Application of Argo CD."""
    if block.get("kind") == "Application":
        inside: Manifest = block["spec"]["source"]["helm"]["valuesObject"]
        return inside
    return block


def test_the_documentation_shows_values() -> None:
    assert len(shown_values()) >= 6


@pytest.mark.parametrize("values", shown_values())
def test_shown_values_render_valid_objects(values: Manifest) -> None:
    objects = manifests(merged(**values))

    assert objects
    for each in objects:
        check_object(each, KUBERNETES[-1])
