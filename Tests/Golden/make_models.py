#!/usr/bin/env python3
"""Tiny random models with every option that changes a forward pass, and the logits `transformers` gives.

Usage: make_models.py OUTPUT          (needs torch, transformers, safetensors)

Each case becomes a folder with config.json, model.safetensors and golden.safetensors
(`input_ids` [n, T] i64, `logits` [n, T, V] f32, computed in f32 with eager attention).
`GoldenModelTests` runs the cases that lie in `Tests/Golden/models`, or where LATHE_GOLDEN_MODELS says.
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

FAMILIES = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
}

BASE = dict(
    hidden_size=32,
    intermediate_size=56,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=97,
    max_position_embeddings=128,
    tie_word_embeddings=False,
    # Weights larger than usual, so that logits differ between tokens and errors show.
    initializer_range=0.15,
)


def rope(kind, theta=10000.0, **more):
    return {"rope_parameters": {"rope_type": kind, "rope_theta": theta, **more}}


# name: (family, tokens, options)
CASES = {
    "llama-biases": ("llama", 40, dict(attention_bias=True, mlp_bias=True)),
    "llama-tied": ("llama", 40, dict(tie_word_embeddings=True)),
    "llama-one-key-head": ("llama", 40, dict(num_key_value_heads=1)),
    "llama-all-key-heads": ("llama", 40, dict(num_key_value_heads=4)),
    "llama-wide-heads": ("llama", 40, dict(head_dim=20)),
    "llama-gelu": ("llama", 40, dict(hidden_act="gelu")),
    "llama-gelu-tanh": ("llama", 40, dict(hidden_act="gelu_pytorch_tanh")),
    "llama-relu": ("llama", 40, dict(hidden_act="relu")),
    "llama-epsilon": ("llama", 40, dict(rms_norm_eps=1e-2)),
    "llama-long": ("llama", 300, dict(max_position_embeddings=64)),
    "llama-linear": ("llama", 200, dict(**rope("linear", factor=4.0))),
    "llama-dynamic-short": ("llama", 60, dict(max_position_embeddings=64, **rope("dynamic", factor=2.0))),
    "llama-dynamic-long": ("llama", 150, dict(max_position_embeddings=64, **rope("dynamic", factor=2.5))),
    "llama-llama3": (
        "llama",
        200,
        dict(
            head_dim=16,
            **rope(
                "llama3",
                500000.0,
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=64,
            ),
        ),
    ),
    "llama-yarn": (
        "llama",
        200,
        dict(head_dim=32, max_position_embeddings=256, **rope("yarn", factor=4.0, original_max_position_embeddings=64)),
    ),
    "qwen3-yarn-smooth": (
        "qwen3",
        200,
        dict(
            head_dim=32,
            max_position_embeddings=256,
            **rope(
                "yarn",
                1000000.0,
                factor=4.0,
                original_max_position_embeddings=64,
                beta_fast=16.0,
                beta_slow=2.0,
                truncate=False,
            ),
        ),
    ),
    "qwen2-yarn-factor": (
        "qwen2",
        200,
        dict(
            max_position_embeddings=256,
            **rope("yarn", factor=4.0, original_max_position_embeddings=64, attention_factor=0.8),
        ),
    ),
    "llama-yarn-mscale": (
        "llama",
        200,
        dict(
            head_dim=16,
            max_position_embeddings=256,
            **rope("yarn", factor=4.0, original_max_position_embeddings=64, mscale=0.7, mscale_all_dim=1.2),
        ),
    ),
    "mistral-full": ("mistral", 60, dict(sliding_window=None)),
    "mistral-window": ("mistral", 300, dict(sliding_window=24, head_dim=8)),
    "mistral-window-of-one": ("mistral", 40, dict(sliding_window=1)),
    "mistral-wide-heads": ("mistral", 60, dict(sliding_window=7, head_dim=12)),
    "qwen2-tied": ("qwen2", 60, dict(tie_word_embeddings=True)),
    "qwen2-windows": (
        "qwen2",
        200,
        dict(num_hidden_layers=3, use_sliding_window=True, sliding_window=16, max_window_layers=1),
    ),
    "qwen2-window-off": ("qwen2", 60, dict(use_sliding_window=False, sliding_window=4, max_window_layers=0)),
    "qwen2-layer-types": (
        "qwen2",
        60,
        dict(
            num_hidden_layers=3,
            use_sliding_window=True,
            sliding_window=5,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        ),
    ),
    "qwen3-biases": ("qwen3", 60, dict(head_dim=12, attention_bias=True)),
    "qwen3-tied": ("qwen3", 60, dict(head_dim=8, tie_word_embeddings=True)),
    "qwen3-windows": (
        "qwen3",
        200,
        dict(
            num_hidden_layers=3, head_dim=24, use_sliding_window=True, sliding_window=9, max_window_layers=2
        ),
    ),
    "qwen3-gelu": ("qwen3", 60, dict(head_dim=16, hidden_act="gelu", num_key_value_heads=1)),
}


def make(folder, family, tokens, options):
    config_class, model_class = FAMILIES[family]
    torch.manual_seed(sum(map(ord, folder.name)))
    config = config_class(**{**BASE, **options})
    config._attn_implementation = "eager"
    model = model_class(config).float().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
    ids = torch.randint(0, config.vocab_size, (2, tokens))
    with torch.no_grad():
        # One sequence at a time: dynamic scaling keeps the longest length it has seen.
        logits = torch.cat([model(input_ids=row[None]).logits for row in ids])
    model.save_pretrained(folder)
    save_file({"input_ids": ids, "logits": logits.float().contiguous()}, folder / "golden.safetensors")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, (family, tokens, options) in CASES.items():
        folder = Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, family, tokens, options)
        print(name)


if __name__ == "__main__":
    main()
