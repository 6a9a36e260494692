"""Writes an SBOM (CycloneDX 1.6, JSON) of a lock file: every package with its hashes.

Usage: ``python infra/release/sbom.py LOCK OUT``. The images have SBOMs of their own, from syft.
"""

import json
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from versions import ROOT, version_of

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def sbom(lock: str, version: str) -> dict[str, Any]:
    """The SBOM of pagefleet ``version`` with the packages of ``lock``; equal for equal input."""
    components = list(_components(lock))
    name = f"pagefleet {version} {json.dumps(components)}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "pagefleet",
                "name": "pagefleet",
                "version": version,
                "licenses": [{"license": {"id": "AGPL-3.0-or-later"}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": "pagefleet", "dependsOn": [c["bom-ref"] for c in components]}],
    }


def _components(lock: str) -> Iterator[dict[str, Any]]:
    for block in re.split(r"\n(?=\S)", lock):
        pin = _PIN.match(block)
        if pin is None:
            continue
        name = re.sub(r"[-_.]+", "-", pin[1]).lower()
        purl = f"pkg:pypi/{name}@{pin[2]}"
        # One package has a hash for each of its files, which CycloneDX keeps at the references.
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": pin[2],
            "purl": purl,
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": purl,
                    "hashes": [{"alg": "SHA-256", "content": each} for each in _hashes(block)],
                }
            ],
        }


def _hashes(block: str) -> list[str]:
    return _HASH.findall(block)


def main(words: list[str]) -> int:
    """Read the lock file and write the SBOM."""
    lock, out = (Path(word) for word in words)
    text = json.dumps(sbom(lock.read_text("utf-8"), version_of(ROOT)), indent=1)
    out.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
