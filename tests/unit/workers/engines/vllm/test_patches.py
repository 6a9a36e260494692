"""The table of patches: its targets in vLLM, its replacements, and the page that documents it."""

import ast
import inspect
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from workers.engines.vllm.plugin.patches import PATCHES, Patch
from workers.engines.vllm.plugin_check import check_patches, find_function, parameters_of

PLUGIN = ROOT / "workers/engines/vllm/plugin"
PAGE = ROOT / "docs/adr/0004-vllm-plugin.md"
#: What the plugin may import of pagefleet: it runs in processes of other vLLM servers too.
ALLOWED = ("workers.engines.vllm.plugin", "workers.engines.deepseek")
needs_vllm = pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM")
each_patch = pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.target)


def write_vllm(folder: Path, changes: dict[str, str | None]) -> Path:
    """A package vllm with the targets of all patches; ``changes``: other parameters, or None."""
    sources: dict[str, dict[str, list[str]]] = {}
    for patch in PATCHES:
        parameters = changes.get(patch.target, signature(patch))
        module, path = patch.target.split(":")
        class_name, method = path.split(".")
        methods = sources.setdefault(module, {}).setdefault(class_name, [])
        methods.append(f"    def {method}({parameters}): ..." if parameters else "    pass")
    for module, classes in sources.items():
        file = folder.joinpath(*module.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        bodies = (f"class {name}:\n" + "\n".join(methods) for name, methods in classes.items())
        file.write_text("\n\n".join(bodies))
    return folder / "vllm"


def signature(patch: Patch) -> str:
    names = patch.parameters_in((0, 33))
    return ", ".join(f"{name}0" if name.endswith("=") else name for name in names)


def test_targets_with_the_expected_parameters_are_no_problem(tmp_path: Path) -> None:
    assert check_patches((0, 33), write_vllm(tmp_path, {})) == []


@each_patch
def test_a_missing_target_is_reported(patch: Patch, tmp_path: Path) -> None:
    (problem,) = check_patches((0, 33), write_vllm(tmp_path, {patch.target: None}))

    assert problem.patch is patch
    assert problem.text == f"{patch.target} does not exist"


@each_patch
def test_another_signature_is_reported(patch: Patch, tmp_path: Path) -> None:
    folder = write_vllm(tmp_path, {patch.target: f"self, new, {signature(patch)[6:]}".rstrip(", ")})
    (problem,) = check_patches((0, 33), folder)

    assert problem.patch is patch
    assert "(self, new" in problem.text


def test_parameters_that_a_later_version_appends_are_expected_from_it_on() -> None:
    patch = next(patch for patch in PATCHES if patch.target.endswith(".allocate_slots"))

    assert patch.parameters_in((0, 31)) == patch.parameters
    assert patch.parameters_in((0, 32)) == (*patch.parameters, "skip_zeroing_group_ids=")


@each_patch
def test_every_replacement_exists(patch: Patch) -> None:
    module, function = patch.replacement.split(".")
    tree = ast.parse((PLUGIN / f"{module}.py").read_text())

    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_decision_record_lists_exactly_the_patches() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `vllm.")]

    assert rows == [
        f"| `{patch.target}` | `{patch.replacement}` | {patch.why} "
        f"| {'yes' if patch.required else 'no'} |"
        for patch in PATCHES
    ]


def test_the_plugin_imports_only_itself_and_the_model_code() -> None:
    imported = {name for file in PLUGIN.glob("*.py") for name in imports_of(file)}
    pagefleet = {name for name in imported if name.split(".")[0] in ("shared", "workers")}

    assert pagefleet
    assert all(name.startswith(ALLOWED) for name in pagefleet)


def imports_of(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return names | {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}


def installed_version() -> tuple[int, int]:
    from workers.engines.vllm.versions import installed, version_numbers

    return version_numbers(installed().version)


def target_of(patch: Patch) -> Any:
    module, path = patch.target.split(":")
    class_name, method = path.split(".")
    return getattr(getattr(import_module(module), class_name), method)


def names_of(function: Any) -> tuple[str, ...]:
    """Parameter names in the notation of the table; of vLLM's own function if it is replaced."""
    prefixes: dict[object, str] = {
        inspect.Parameter.VAR_POSITIONAL: "*",
        inspect.Parameter.VAR_KEYWORD: "**",
    }
    return tuple(
        f"{prefixes.get(parameter.kind, '')}{parameter.name}"
        + ("" if parameter.default is inspect.Parameter.empty else "=")
        for parameter in inspect.signature(function).parameters.values()
    )


@needs_vllm
@each_patch
def test_the_installed_vllm_has_the_expected_signature(patch: Patch) -> None:
    assert names_of(target_of(patch)) == patch.parameters_in(installed_version())


@needs_vllm
@each_patch
def test_the_parsed_signature_equals_the_imported_one(patch: Patch) -> None:
    spec = find_spec("vllm")
    assert spec is not None
    assert spec.origin is not None
    function = find_function(patch.target, Path(spec.origin).parent)

    assert function is not None
    assert parameters_of(function) == names_of(target_of(patch))


@needs_vllm
@each_patch
def test_registering_replaces_every_target(patch: Patch) -> None:
    from workers.engines.vllm.plugin.patching import original_of
    from workers.engines.vllm.plugin.register import register

    register()

    assert original_of(target_of(patch)) is not target_of(patch)
