"""factored-hf: factors, and factors in codes, run by the modelling file."""
from common import *

low_rank = {"strategy": "svdllm-v2", "keep": 0.7}
for family in ("llama", "mistral", "qwen2", "qwen3"):
    source = small_model(family)
    factors = compress(source, f"factors-{family}", [low_rank])
    folder = export(factors, "factored-hf", f"factored-{family}")
    compare(f"factored-hf {family} f32", lathe_logits(factors), logits(load(folder, trust_remote_code=True)), FLOAT)
    both = compress(source, f"both-{family}", [low_rank, {"strategy": "quantize", "bits": 3, "group_size": 24}])
    folder = export(both, "factored-hf", f"factored-codes-{family}")
    model = load(folder, trust_remote_code=True)
    compare(f"factored-hf {family} f32, factors of 3 bits", lathe_logits(both), logits(model), FLOAT)

    # The modelling file's weights are Lathe's, number by number.
    plain = tensors(export(both, "dense", f"multiplied-codes-{family}", "--remultiply", "--dtype", "f32"))
    name = "model.layers.0.mlp.gate_proj"
    with torch.no_grad():
        layer = model.get_submodule(name)
        product = layer(torch.eye(64)).T - (0 if layer.bias is None else layer.bias[:, None])
    check(f"factored-hf {family}: {name} is the same matrix", torch.allclose(product, plain[f"{name}.weight"], atol=1e-5))

source = DEMO / "model"
mixed = compress(source, "mixed-demo", [
    {"strategy": "svdllm-v2", "keep": 0.6, "include": ["mlp.*"]},
    {"strategy": "quantize", "bits": 8, "group_size": 0, "symmetric": True, "include": ["self_attn.*"]},
])
folder = export(mixed, "factored-hf", "factored-demo")
model = load(folder, trust_remote_code=True)
compare("factored-hf llama bf16, tied, some layers in codes", lathe_logits(mixed), logits(model), BF16)
with torch.no_grad():
    text = model.generate(token_ids()[:1, :8], max_new_tokens=8, do_sample=False)
check("factored-hf: transformers generates", text.shape == (1, 16))
compare("factored-hf read back by lathe", lathe_logits(mixed), lathe_logits(folder), 0)
try:
    load(folder, trust_remote_code=False)
    failed("factored-hf: transformers loads it without trust_remote_code")
except Exception as error:
    check("factored-hf: without trust_remote_code transformers refuses", "trust_remote_code" in str(error))
done()
