"""An independent implementation of DeepSeek-OCR's language model, for comparison."""

import torch
from torch.nn.functional import silu

from tests.integration.workers.engines.transformers_engine.weights import (
    HEADS,
    HIDDEN,
    LAYERS,
    SHARED,
)

THETA, EPSILON, TOP_K = 10_000.0, 1e-6, 2
Tensors = dict[str, torch.Tensor]


def logits(tensors: Tensors, embedded: torch.Tensor) -> torch.Tensor:
    """Logits of every position of ``embedded`` (positions x width), with causal attention."""
    x = embedded
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        x = x + _attention(tensors, at, _norm(tensors, f"{at}.input_layernorm", x))
        normed = _norm(tensors, f"{at}.post_attention_layernorm", x)
        x = x + (
            _mlp(tensors, f"{at}.mlp", normed) if layer == 0 else _experts(tensors, at, normed)
        )
    return _norm(tensors, "model.norm", x) @ tensors["lm_head.weight"].T


def _norm(tensors: Tensors, name: str, x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPSILON) * tensors[f"{name}.weight"]


def _attention(tensors: Tensors, at: str, x: torch.Tensor) -> torch.Tensor:
    width, positions = HIDDEN // HEADS, len(x)
    q, k, v = (
        (x @ tensors[f"{at}.self_attn.{name}_proj.weight"].T).view(positions, HEADS, width)
        for name in "qkv"
    )
    q, k = _rotated(q), _rotated(k)
    scores = torch.einsum("phw,khw->hpk", q, k) / width**0.5
    future = torch.ones(positions, positions, dtype=torch.bool).triu(1)
    weights = scores.masked_fill(future, -torch.inf).softmax(-1)
    values = torch.einsum("hpk,khw->phw", weights, v).reshape(positions, HIDDEN)
    return values @ tensors[f"{at}.self_attn.o_proj.weight"].T


def _rotated(x: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    frequencies = THETA ** (-torch.arange(half) / half)
    angles = torch.arange(len(x))[:, None, None] * frequencies
    first, second = x[..., :half], x[..., half:]
    return torch.cat(
        (
            first * angles.cos() - second * angles.sin(),
            second * angles.cos() + first * angles.sin(),
        ),
        -1,
    )


def _mlp(tensors: Tensors, at: str, x: torch.Tensor) -> torch.Tensor:
    gate, up = (x @ tensors[f"{at}.{name}_proj.weight"].T for name in ("gate", "up"))
    return (silu(gate) * up) @ tensors[f"{at}.down_proj.weight"].T


def _experts(tensors: Tensors, at: str, x: torch.Tensor) -> torch.Tensor:
    """The top experts of each position, weighted by probability, and the shared expert."""
    probabilities = (x @ tensors[f"{at}.mlp.gate.weight"].T).softmax(-1)
    weights, experts = probabilities.topk(TOP_K, -1)
    assert SHARED == 1
    out = _mlp(tensors, f"{at}.mlp.shared_experts", x)
    for index in range(len(x)):
        for weight, expert in zip(weights[index], experts[index].tolist(), strict=True):
            at_expert = f"{at}.mlp.experts.{expert}"
            out[index] += weight * _mlp(tensors, at_expert, x[index : index + 1])[0]
    return out
