"""Trains the demo model on the text of make_text.py, writes it to model/ and measures it on the hold-out.

    python train.py              tokenizer, training, export, hold-out perplexity
    python train.py --evaluate   only the hold-out perplexity of model/

One thread and fixed seeds. Another CPU or another PyTorch rounds differently and gives
a slightly different model.
"""

import json
import math
import pathlib
import sys
import time

import safetensors.torch
import tokenizers
import torch
import torch.nn.functional as F
from torch import nn

HERE = pathlib.Path(__file__).parent
MODEL = HERE / "model"
END = "<|endoftext|>"
# Widths are multiples of 64, so that quantization groups of 32, 64 and 128 fit the rows without a remainder.
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 128,
    "intermediate_size": 448,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "vocab_size": 1024,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-05,
    "rope_theta": 10000.0,
    "hidden_act": "silu",
    "tie_word_embeddings": True,
    "attention_bias": False,
    "mlp_bias": False,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "torch_dtype": "bfloat16",
}
SEED, CONTEXT, BATCH, STEPS, WARMUP = 7, 256, 16, 1500, 60
PEAK, FLOOR, DECAY, CLIP = 4e-3, 1e-4, 0.1, 1.0


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        x32 = x.float()
        x32 = x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + CONFIG["rms_norm_eps"])
        return x32 * self.weight


def rotate(x, cos, sin):
    """Rotary position, half-split: channel i pairs with i + head_dim / 2; x: [batch, heads, time, width]."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, width, heads, kv_heads, head_dim):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = heads, kv_heads, head_dim
        self.q_proj = nn.Linear(width, heads * head_dim, bias=False)
        self.k_proj = nn.Linear(width, kv_heads * head_dim, bias=False)
        self.v_proj = nn.Linear(width, kv_heads * head_dim, bias=False)
        self.o_proj = nn.Linear(heads * head_dim, width, bias=False)

    def forward(self, x, cos, sin):
        batch, time_, _ = x.shape
        split = lambda y, heads: y.view(batch, time_, heads, self.head_dim).transpose(1, 2)
        q = rotate(split(self.q_proj(x), self.heads).float(), cos, sin)
        k = rotate(split(self.k_proj(x), self.kv_heads).float(), cos, sin)
        v = split(self.v_proj(x), self.kv_heads)
        repeat = self.heads // self.kv_heads
        k, v = k.repeat_interleave(repeat, dim=1), v.repeat_interleave(repeat, dim=1)
        y = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(batch, time_, -1))


class MLP(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=False)
        self.up_proj = nn.Linear(width, inner, bias=False)
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        width = c["hidden_size"]
        self.input_layernorm = RMSNorm(width)
        self.self_attn = Attention(width, c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"])
        self.post_attention_layernorm = RMSNorm(width)
        self.mlp = MLP(width, c["intermediate_size"])

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """Token identifiers [batch, time] to logits [batch, time, vocabulary]; the head is the embedding."""

    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(Block(c) for _ in range(c["num_hidden_layers"]))
        self.norm = RMSNorm(c["hidden_size"])
        frequency = c["rope_theta"] ** (-torch.arange(0, c["head_dim"], 2).float() / c["head_dim"])
        angle = torch.outer(torch.arange(c["max_position_embeddings"]).float(), frequency)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * c["num_hidden_layers"]) if residual else 0.02)

    def forward(self, ids):
        x = self.embed_tokens(ids)
        cos, sin = self.cos[:ids.shape[1]], self.sin[:ids.shape[1]]
        for layer in self.layers:
            x = layer(x, cos, sin)
        return F.linear(self.norm(x), self.embed_tokens.weight)


def train_tokenizer(text):
    tok = tokenizers.Tokenizer(tokenizers.models.BPE())
    tok.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tok.decoder = tokenizers.decoders.ByteLevel()
    tok.train_from_iterator(text.splitlines(keepends=True), tokenizers.trainers.BpeTrainer(
        vocab_size=CONFIG["vocab_size"], special_tokens=[END], show_progress=False,
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())))
    return tok


def loss_of(model, ids):
    """Mean negative log-likelihood in nats of tokens 2... of each row of ids [rows, time]."""
    logits = model(ids[:, :-1]).float()
    return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


@torch.no_grad()
def holdout_loss(model, ids):
    """Non-overlapping windows of CONTEXT tokens, the tail dropped; CONTEXT - 1 predictions in each."""
    windows = ids[:len(ids) // CONTEXT * CONTEXT].view(-1, CONTEXT)
    return sum(loss_of(model, w[None]).item() for w in windows) / len(windows)


def training_stream(tok, text):
    """All pages in one row of tokens; an end-of-text token before every eighth page, to train that too."""
    pages, stream = text.split("\n\n"), []
    for i, page in enumerate(tok.encode_batch([p + "\n\n" for p in pages])):
        stream += ([0] if i % 8 == 0 else []) + page.ids
    return torch.tensor(stream)


def batches(stream, generator):
    """Epochs of shuffled windows; each epoch cuts at another offset."""
    while True:
        offset = int(torch.randint(CONTEXT, (1,), generator=generator))
        starts = torch.arange(offset, len(stream) - CONTEXT, CONTEXT)
        starts = starts[torch.randperm(len(starts), generator=generator)]
        for i in range(0, len(starts) - BATCH + 1, BATCH):
            yield torch.stack([stream[s:s + CONTEXT] for s in starts[i:i + BATCH]])


def rate(step):
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    return FLOOR + 0.5 * (PEAK - FLOOR) * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP)))


def train(model, stream, holdout):
    matrices = [p for p in model.parameters() if p.dim() == 2]
    gains = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": gains, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=PEAK, betas=(0.9, 0.95))
    source, start, recent = batches(stream, torch.Generator().manual_seed(SEED)), time.time(), []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(model, next(source))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        recent.append(loss.item())
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: train {sum(recent) / len(recent):.4f}, "
                  f"hold-out {holdout_loss(model, holdout):.4f}, {time.time() - start:.0f} s", flush=True)
            recent = []


def export(model, tok):
    MODEL.mkdir(exist_ok=True)
    weights = {"model." + name: p.detach().to(torch.bfloat16) for name, p in model.named_parameters()}
    safetensors.torch.save_file(weights, MODEL / "model.safetensors", metadata={"format": "pt"})
    (MODEL / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    tok.save(str(MODEL / "tokenizer.json"), pretty=False)
    (MODEL / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": END, "eos_token": END,
        "model_max_length": CONFIG["max_position_embeddings"], "add_bos_token": False,
        "clean_up_tokenization_spaces": False}, indent=2) + "\n")


def load():
    model = Llama(CONFIG)
    weights = safetensors.torch.load_file(MODEL / "model.safetensors")
    model.load_state_dict({name.removeprefix("model."): w.float() for name, w in weights.items()})
    return model.eval(), tokenizers.Tokenizer.from_file(str(MODEL / "tokenizer.json"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    holdout_text = (HERE / "holdout.txt").read_text(encoding="utf-8")
    if "--evaluate" not in sys.argv:
        text = (HERE / "output" / "train.txt").read_text(encoding="utf-8")
        tok = train_tokenizer(text)
        stream = training_stream(tok, text)
        model = Llama(CONFIG)
        count = sum(p.numel() for p in model.parameters())
        print(f"{count} parameters, {len(stream)} training tokens", flush=True)
        train(model, stream, torch.tensor(tok.encode(holdout_text).ids))
        export(model, tok)
    model, tok = load()
    ids = torch.tensor(tok.encode(holdout_text).ids)
    print(f"hold-out perplexity {math.exp(holdout_loss(model, ids)):.4f} over {len(ids)} tokens, "
          f"bfloat16 weights computed in float32")
