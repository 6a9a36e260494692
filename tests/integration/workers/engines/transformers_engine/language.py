"""DeepSeek-OCR's language model written out from its published description, for comparison."""

import torch
from torch.nn.functional import silu

from tests.integration.workers.engines.transformers_engine.weights import (
    HEADS,
    HIDDEN,
    LAYERS,
    SHARED,
)

THETA, EPSILON, CHOSEN = 10_000.0, 1e-6, 2
Tensors = dict[str, torch.Tensor]


def logits(tensors: Tensors, embedded: torch.Tensor) -> torch.Tensor:
    """Scores of every place of ``embedded`` (places x width), each attending to all before it."""
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
    width, places = HIDDEN // HEADS, len(x)
    q, k, v = (
        (x @ tensors[f"{at}.self_attn.{name}_proj.weight"].T).view(places, HEADS, width)
        for name in "qkv"
    )
    q, k = _turned(q), _turned(k)
    scores = torch.einsum("phw,khw->hpk", q, k) / width**0.5
    later = torch.ones(places, places, dtype=torch.bool).triu(1)
    weights = scores.masked_fill(later, -torch.inf).softmax(-1)
    mixed = torch.einsum("hpk,khw->phw", weights, v).reshape(places, HIDDEN)
    return mixed @ tensors[f"{at}.self_attn.o_proj.weight"].T


def _turned(x: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    speeds = THETA ** (-torch.arange(half) / half)
    angles = torch.arange(len(x))[:, None, None] * speeds
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
    """Each place goes to its likeliest experts, as likely as they are, and to the shared one."""
    likely = (x @ tensors[f"{at}.mlp.gate.weight"].T).softmax(-1)
    weights, chosen = likely.topk(CHOSEN, -1)
    assert SHARED == 1
    out = _mlp(tensors, f"{at}.mlp.shared_experts", x)
    for place in range(len(x)):
        for weight, expert in zip(weights[place], chosen[place].tolist(), strict=True):
            at_expert = f"{at}.mlp.experts.{expert}"
            out[place] += weight * _mlp(tensors, at_expert, x[place : place + 1])[0]
    return out
