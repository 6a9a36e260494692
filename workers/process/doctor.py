"""``pagefleet-worker doctor``: checks engine, GPU and services of this machine."""

from collections.abc import Iterator

from shared.config.hardware import gpu_ids, has_package, local_engine
from shared.config.settings import MEBIBYTE, Settings
from shared.console import checks
from shared.console.checks import Check, run_check
from shared.console.probes import common_checks
from shared.domain.catalogue import engine_facts
from workers.engines.registry import make_engine
from workers.host.attention import attention_of
from workers.host.cores import usable_cores, usable_memory


def examine(settings: Settings, as_json: bool) -> int:
    """Print the result of every check; returns exit status 5 if one failed."""
    return checks.print_checks(_examine(settings), as_json)


def _examine(settings: Settings) -> Iterator[Check]:
    yield from common_checks(settings)
    memory = usable_memory() // MEBIBYTE
    yield Check("machine", "ok", f"{usable_cores()} cores, {memory} MiB of memory free")
    yield _gpus()
    engine = local_engine() if settings.engine == "auto" else settings.engine
    yield run_check("engine", lambda: _engine(settings, engine))
    if engine == "cpu":
        yield scripts_check()
    if engine == "vllm" and has_package("vllm"):
        yield run_check("vllm plugin", _vllm_plugin)
    attention = attention_of(engine)
    if attention is not None:
        yield Check("attention", "ok", f"{attention.name}: {attention.reason}")


def _gpus() -> Check:
    found = gpu_ids()
    if found and not engine_facts(local_engine()).owns_gpus:
        mend = "install the gpu extra: pip install 'pagefleet[gpu]'"
        idle = f"GPUs {', '.join(found)}, but no engine that uses them is installed"
        return Check("gpu", "warning", idle, mend)
    return Check(
        "gpu", "ok", f"GPUs {', '.join(found)}" if found else "none: the cpu engine is used"
    )


def _engine(settings: Settings, name: str) -> Check:
    engine_facts(name)
    engine = make_engine(name, settings)
    info = engine.info
    found = (
        f"{info.name}, model {info.pool.weights}, version {info.version}, {engine.capacity} at once"
    )
    return Check("engine", "ok", found)


def scripts_check() -> Check:
    """Which scripts the cpu engine reads from pixels on this machine."""
    from workers.engines.cpu.ocr.weights import MODEL_SCRIPTS
    from workers.engines.cpu.tesseract.installation import find_tesseract
    from workers.engines.cpu.tesseract.scripts import readable_scripts

    tesseract = find_tesseract()
    if tesseract is None:
        mend = "for others install tesseract and its language data, such as tesseract-ocr-rus"
        return Check("scripts", "ok", f"{MODEL_SCRIPTS}; no tesseract", mend)
    scripts = [
        f"{script.name} ({', '.join(script.installed(tesseract.languages))})"
        for script in readable_scripts(tesseract.languages)
    ]
    others = ", ".join(scripts) or "none: install language data, such as tesseract-ocr-rus"
    return Check("scripts", "ok", f"{MODEL_SCRIPTS}; with tesseract {tesseract.version}: {others}")


def _vllm_plugin() -> Check:
    from workers.engines.vllm.plugin_check import check_patches
    from workers.engines.vllm.versions import installed, version_numbers

    version = installed().version
    problems = check_patches(version_numbers(version))
    if not problems:
        return Check("vllm plugin", "ok", f"vLLM {version} has all functions that are replaced")
    required = any(problem.patch.required for problem in problems)
    found = "; ".join(problem.text for problem in problems)
    mend = "install a tested version: pip install 'pagefleet[gpu]'"
    return Check("vllm plugin", "error" if required else "warning", found, mend)
