"""Only shared.config.environment reads or changes the process environment.

import-linter cannot see this boundary, because every module may import ``os``.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT

OWNER = "shared/config/environment.py"
NAMES = {"environ", "environb", "getenv", "putenv", "unsetenv"}
#: Other modules that may, as the beginning of their path, each with the reason.
EXCEPTIONS = {
    "producer/cli": "turns telemetry off before onnxruntime is imported, without other imports",
    "workers/cli": "turns telemetry off before onnxruntime is imported, without other imports",
    "workers/engines/cpu/single_core.py": "numpy and onnxruntime read thread counts on import",
}


def _uses(source: str) -> Iterator[str]:
    """Names of ``os`` that touch the environment, as an attribute or an import."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "os" and node.attr in NAMES:
                yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (name.name for name in node.names if name.name in NAMES)


def test_no_other_module_touches_the_environment() -> None:
    modules = [
        path
        for package in ("producer", "shared", "workers")
        for path in ROOT.glob(f"{package}/**/*.py")
    ]

    users = {str(path.relative_to(ROOT)) for path in modules if list(_uses(path.read_text()))}

    allowed = (OWNER, *EXCEPTIONS)
    assert {path for path in users if not path.startswith(allowed)} == set()
    assert {entry for entry in allowed if not any(p.startswith(entry) for p in users)} == set()


@pytest.mark.parametrize(
    "source",
    ["import os\nos.environ['A'] = '1'", "import os\nos.getenv('A')", "from os import environ"],
)
def test_each_way_to_the_environment_is_found(source: str) -> None:
    assert list(_uses(source))
