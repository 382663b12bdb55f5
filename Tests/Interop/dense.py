"""dense: every family, as stored, and multiplied out of factors."""
from common import *

for family in ("llama", "mistral", "qwen2", "qwen3"):
    source = small_model(family)
    folder = export(source, "dense", f"dense-{family}")
    compare(f"dense {family} f32", lathe_logits(source), logits(load(folder)), FLOAT)
    factors = compress(source, f"factors-{family}", [{"strategy": "svdllm-v2", "keep": 0.7}])
    folder = export(factors, "dense", f"multiplied-{family}", "--remultiply")
    compare(f"dense {family} f32 --remultiply", lathe_logits(factors), logits(load(folder)), FLOAT)

source = DEMO / "model"
folder = export(source, "dense", "dense-demo")
compare("dense llama bf16, tied", lathe_logits(source), logits(load(folder)), BF16)
same_tokenizer("dense", source, folder)
codes = compress(source, "codes-demo", [{"strategy": "quantize", "bits": 4, "group_size": 64}])
folder = export(codes, "dense", "dense-codes", "--dtype", "f32")
compare("dense f32 from 4-bit codes", lathe_logits(codes), logits(load(folder)), FLOAT)
done()
