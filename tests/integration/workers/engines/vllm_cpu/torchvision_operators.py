"""Lets a torchvision for GPUs be imported beside a torch for CPUs; tests only.

torchvision registers fake kernels for operators that its library defines only if it finds CUDA.
vLLM needs only its transforms, so this module declares the operators. A ``.pth`` file imports it in
every process; it acts only when torchvision is imported.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_IMAGE_SIZE = "SymInt batch_size, SymInt channels, SymInt height, SymInt width"
_POOL = "float spatial_scale, SymInt pooled_height, SymInt pooled_width"
_ALIGN = f"{_POOL}, int sampling_ratio"
_CONV = (
    "Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, "
    + ", ".join(
        f"SymInt {name}_{axis}" for name in ("stride", "pad", "dilation") for axis in ("h", "w")
    )
    + ", SymInt groups, SymInt offset_groups, bool use_mask"
)
_GRAD = "Tensor grad"
SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    f"roi_align(Tensor input, Tensor rois, {_ALIGN}, bool aligned) -> Tensor",
    f"qroi_align(Tensor input, Tensor rois, {_ALIGN}, bool aligned) -> Tensor",
    f"roi_pool(Tensor input, Tensor rois, {_POOL}) -> (Tensor, Tensor)",
    f"ps_roi_align(Tensor input, Tensor rois, {_ALIGN}) -> (Tensor, Tensor)",
    f"ps_roi_pool(Tensor input, Tensor rois, {_POOL}) -> (Tensor, Tensor)",
    f"deform_conv2d({_CONV}) -> Tensor",
    f"_roi_align_backward({_GRAD}, Tensor rois, {_ALIGN}, {_IMAGE_SIZE}, bool aligned) -> Tensor",
    f"_roi_pool_backward({_GRAD}, Tensor rois, Tensor argmax, {_POOL}, {_IMAGE_SIZE}) -> Tensor",
    f"_ps_roi_align_backward({_GRAD}, Tensor rois, Tensor mapping, {_ALIGN}, {_IMAGE_SIZE})"
    " -> Tensor",
    f"_ps_roi_pool_backward({_GRAD}, Tensor rois, Tensor mapping, {_POOL}, {_IMAGE_SIZE})"
    " -> Tensor",
    f"_deform_conv2d_backward({_GRAD}, {_CONV}) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
)
_libraries: list[Any] = []


class _BeforeTorchvision(MetaPathFinder):
    """Finds no module; declares the operators when torchvision is first imported."""

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "torchvision":
            sys.meta_path.remove(self)
            _declare()
        return None


def _declare() -> None:
    import torch

    if torch.version.cuda is None:
        library = torch.library.Library("torchvision", "DEF")
        _libraries.append(library)  # the definitions end with the object
        for schema in SCHEMAS:
            library.define(schema)


sys.meta_path.insert(0, _BeforeTorchvision())
