"""The training step of `lathe-benchmarks training-step`, stated in PyTorch.

Every linear layer of the blocks is U diag(s) Vt + b in full rank; s and b learn. One step is a forward pass over
four windows of 512 tokens, the loss, and the gradients of all s and b: cross entropy alone, and together with the
KL divergence from the untouched model, whose last hidden states are computed once.

    python training-step.py MODEL_FOLDER [THREADS] [REPETITIONS]

needs torch and safetensors. It prints what lathe-benchmarks prints: losses, the norm of all gradients, and the
median seconds of a step. A Llama folder with tied or untied embeddings and one model.safetensors is expected.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

BATCH, CONTEXT = 4, 512
LINEARS = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
           "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]


class Model:
    def __init__(self, folder):
        self.config = json.load(open(f"{folder}/config.json"))
        self.weights = {name: w.float() for name, w in load_file(f"{folder}/model.safetensors").items()}
        c = self.config
        self.heads, self.groups = c["num_attention_heads"], c["num_key_value_heads"]
        self.width = c.get("head_dim") or c["hidden_size"] // self.heads
        self.eps = c["rms_norm_eps"]
        inverse = 1 / c.get("rope_theta", 10000.0) ** (torch.arange(0, self.width, 2).float() / self.width)
        angles = torch.outer(torch.arange(CONTEXT).float(), inverse)
        self.cos = torch.cat([angles, angles], -1).cos()
        self.sin = torch.cat([angles, angles], -1).sin()
        self.head = self.weights.get("lm_head.weight", self.weights["model.embed_tokens.weight"])
        self.factors = {}

    def factorise(self):
        """Writes every layer as U diag(s) Vt + b and returns what learns."""
        for block in range(self.config["num_hidden_layers"]):
            for linear in LINEARS:
                name = f"model.layers.{block}.{linear}"
                u, s, vt = torch.linalg.svd(self.weights[f"{name}.weight"], full_matrices=False)
                bias = self.weights.get(f"{name}.bias", torch.zeros(u.shape[0]))
                self.factors[name] = (u.contiguous(), s.clone().requires_grad_(), vt.contiguous(),
                                      bias.clone().requires_grad_())
        return [p for _, s, _, b in self.factors.values() for p in (s, b)]

    def linear(self, name, x):
        if name not in self.factors:
            return F.linear(x, self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias"))
        u, s, vt, b = self.factors[name]
        return F.linear(F.linear(x, vt) * s, u, b)

    def norm(self, name, x):
        return self.weights[f"{name}.weight"] * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))

    def rotate(self, x):
        low, high = x.chunk(2, -1)
        return x * self.cos + torch.cat([-high, low], -1) * self.sin

    def attention(self, name, x):
        batch, length, _ = x.shape
        q = self.linear(f"{name}.q_proj", x).view(batch, length, self.heads, self.width).transpose(1, 2)
        k = self.linear(f"{name}.k_proj", x).view(batch, length, self.groups, self.width).transpose(1, 2)
        v = self.linear(f"{name}.v_proj", x).view(batch, length, self.groups, self.width).transpose(1, 2)
        k = self.rotate(k).repeat_interleave(self.heads // self.groups, 1)
        v = v.repeat_interleave(self.heads // self.groups, 1)
        y = F.scaled_dot_product_attention(self.rotate(q), k, v, is_causal=True)
        return self.linear(f"{name}.o_proj", y.transpose(1, 2).reshape(batch, length, -1))

    def states(self, tokens):
        """States after the final norm, [batch, length, hidden]."""
        x = F.embedding(tokens, self.weights["model.embed_tokens.weight"])
        for block in range(self.config["num_hidden_layers"]):
            name = f"model.layers.{block}"
            x = x + self.attention(f"{name}.self_attn", self.norm(f"{name}.input_layernorm", x))
            y = self.norm(f"{name}.post_attention_layernorm", x)
            y = F.silu(self.linear(f"{name}.mlp.gate_proj", y)) * self.linear(f"{name}.mlp.up_proj", y)
            x = x + self.linear(f"{name}.mlp.down_proj", y)
        return self.norm("model.norm", x)[:, :-1]


def main():
    folder = sys.argv[1]
    torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
    repetitions = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    model = Model(folder)
    vocabulary = model.config["vocab_size"]
    tokens = torch.tensor([(((i + 1) * 2654435761) % 2**32 >> 8) % vocabulary
                           for i in range(BATCH * CONTEXT)]).view(BATCH, CONTEXT)
    with torch.no_grad():
        entering = model.states(tokens)
    learned = model.factorise()

    def step(divergence_weight):
        for parameter in learned:
            parameter.grad = None
        logits = F.linear(model.states(tokens), model.head).flatten(0, 1)
        loss = F.cross_entropy(logits, tokens[:, 1:].flatten())
        divergence = torch.zeros(())
        if divergence_weight:
            with torch.no_grad():
                reference = F.log_softmax(F.linear(entering, model.head).flatten(0, 1), -1)
            divergence = F.kl_div(F.log_softmax(logits, -1), reference, log_target=True, reduction="batchmean")
        (loss + divergence_weight * divergence).backward()
        return loss.item(), divergence.item()

    for name, weight in [("cross entropy", 0.0), ("cross entropy and divergence", 1.0)]:
        loss, divergence = step(weight)
        norm = sum(p.grad.double().pow(2).sum() for p in learned).sqrt().item()
        times = []
        for _ in range(repetitions):
            start = time.perf_counter(), time.process_time()
            step(weight)
            times.append((time.process_time() - start[1], time.perf_counter() - start[0]))
        processor, wall = sorted(times)[len(times) // 2]
        print(json.dumps({"loss": name, "wall_seconds": wall, "processor_seconds": processor, "next_token": loss,
                          "divergence": divergence, "gradient_norm": norm}), flush=True)


main()
