"""Checks the plugin's patches against the source of the installed vLLM, without importing it.

Importing vLLM takes many seconds and initialises the GPU, so only its source files are parsed.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shared.domain.errors import EngineUnavailable
from workers.engines.vllm.plugin.patches import PATCHES, Patch, Version

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class PatchProblem:
    """A patch whose target does not exist or has other parameters."""

    patch: Patch
    #: What is wrong, as a sentence without a full stop.
    text: str


def check_patches(version: Version, root: Path | None = None) -> list[PatchProblem]:
    """The problems of all patches with vLLM ``version``; ``root``: its package folder.

    Raises EngineUnavailable where vLLM is not installed.
    """
    folder = root or _vllm_folder()
    checks = ((patch, _problem(patch, version, folder)) for patch in PATCHES)
    return [PatchProblem(patch, text) for patch, text in checks if text is not None]


def _vllm_folder() -> Path:
    spec = find_spec("vllm")
    if spec is None or spec.origin is None:
        raise EngineUnavailable("vLLM is not installed")
    return Path(spec.origin).parent


def _problem(patch: Patch, version: Version, folder: Path) -> str | None:
    function = find_function(patch.target, folder)
    if function is None:
        return f"{patch.target} does not exist"
    expected, parameters = patch.parameters_in(version), parameters_of(function)
    if parameters != expected:
        return (
            f"{patch.target} has the parameters ({', '.join(parameters)}), "
            f"expected ({', '.join(expected)})"
        )
    return None


def find_function(target: str, folder: Path) -> Function | None:
    """The definition of "vllm.module:Class.method"; ``folder`` is the package vllm."""
    module, path = target.split(":")
    class_name, method = path.split(".")
    file = folder.joinpath(*module.split(".")[1:]).with_suffix(".py")
    if not file.is_file():
        return None
    found = _class_named(class_name, ast.parse(file.read_text("utf-8")))
    return None if found is None else _method_named(method, found)


def _class_named(name: str, module: ast.Module) -> ast.ClassDef | None:
    classes = (node for node in module.body if isinstance(node, ast.ClassDef))
    return next((node for node in classes if node.name == name), None)


def _method_named(name: str, parent: ast.ClassDef) -> Function | None:
    methods = (node for node in parent.body if isinstance(node, Function))
    return next((node for node in methods if node.name == name), None)


def parameters_of(function: Function) -> tuple[str, ...]:
    """Parameter names in the notation of ``Patch.parameters``."""
    return tuple(_names(function.args))


def _names(arguments: ast.arguments) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    for index, parameter in enumerate(positional):
        yield parameter.arg if index < required else f"{parameter.arg}="
    if arguments.vararg is not None:
        yield f"*{arguments.vararg.arg}"
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield parameter.arg if default is None else f"{parameter.arg}="
    if arguments.kwarg is not None:
        yield f"**{arguments.kwarg.arg}"
