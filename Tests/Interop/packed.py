"""compressed-tensors and int-quantized: transformers with compressed-tensors' own code.

Codes with zero points are loaded with dequantize=True: without it, transformers 5.23 with compressed-tensors 0.20 expects
zero points that are not packed.
"""
from common import *
from transformers import CompressedTensorsConfig

low_rank = {"strategy": "svdllm-v2", "keep": 0.7, "rank_multiple": 8}


def quantize(**options):
    return {"strategy": "quantize", **options}


CASES = {
    "4 bits, groups": [quantize(bits=4, group_size=32)],
    "4 bits, groups, symmetric": [quantize(bits=4, group_size=16, symmetric=True)],
    "8 bits, rows": [quantize(bits=8, group_size=0)],
    "3 bits, rows, symmetric": [quantize(bits=3, group_size=0, symmetric=True)],
    "two schemes and a dense role": [
        quantize(bits=4, group_size=32, symmetric=True, include=["self_attn.*"]),
        quantize(bits=8, group_size=0, symmetric=True, include=["gate_proj", "up_proj"]),
    ],
}
def load_packed(folder, **options):
    groups = json.loads((folder / "config.json").read_text())["quantization_config"]["config_groups"].values()
    if not all(group["weights"]["symmetric"] for group in groups):
        options["quantization_config"] = CompressedTensorsConfig(dequantize=True)
    return load(folder, **options)


for family, (what, stages) in zip(("llama", "qwen2", "qwen3", "mistral", "llama"), CASES.items()):
    source = small_model(family)
    codes = compress(source, f"packed-{family}-{len(stages)}-{what.replace(' ', '').replace(',', '')}", stages)
    folder = export(codes, "compressed-tensors", f"{codes.name}-ct")
    expected = lathe_logits(codes)
    compare(f"compressed-tensors {family} f32, {what}", expected, logits(load_packed(folder)), FLOAT)
    compare(f"compressed-tensors {family}, {what}: read back by lathe", expected, lathe_logits(folder), 0)

for family, symmetric in (("llama", True), ("qwen2", False)):
    source = small_model(family)
    both = compress(source, f"packed-factors-{family}", [low_rank, quantize(bits=4, group_size=8, symmetric=symmetric)])
    folder = export(both, "compressed-tensors", f"{both.name}-ct")
    model = load_packed(folder, trust_remote_code=True)
    compare(f"compressed-tensors of factors {family} f32", lathe_logits(both), logits(model), FLOAT)
    compare(f"compressed-tensors of factors {family}: read back by lathe", lathe_logits(both), lathe_logits(folder), 0)

source = DEMO / "model"
codes = compress(source, "codes-demo", [quantize(bits=4, group_size=64)])
folder = export(codes, "compressed-tensors", "packed-demo")
# compressed-tensors multiplies scales and codes in the type of the scales, here bf16; so does lathe's dense export.
rounded = export(codes, "dense", "dense-codes-bf16", "--dtype", "bf16")
compare("compressed-tensors llama bf16, tied", lathe_logits(rounded), logits(load_packed(folder)), BF16)
same_tokenizer("compressed-tensors", source, folder)

# compressed-tensors' own decompression gives the numbers of lathe's dense export, bit for bit.
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.quantization import QuantizationConfig

config = QuantizationConfig(**json.loads((folder / "config.json").read_text())["quantization_config"])
scheme = config.config_groups["group_0"]
packed = tensors(export(codes, "compressed-tensors", "packed-demo-f32", "--dtype", "f32"))
plain = tensors(export(codes, "dense", "dense-codes", "--dtype", "f32"))
same = True
for name in [key[: -len(".weight_packed")] for key in packed if key.endswith(".weight_packed")]:
    parts = {key[len(name) + 1 :]: value for key, value in packed.items() if key.startswith(name + ".")}
    found = BaseCompressor.get_value_from_registry(config.format).decompress(parts, scheme)["weight"]
    same &= torch.equal(found, plain[f"{name}.weight"])
check("compressed-tensors decompresses to lathe's numbers, bit for bit", same)

codes = compress(small_model("llama"), "bytes-llama", [quantize(bits=8, group_size=0, symmetric=True)])
folder = export(codes, "int-quantized", "bytes-llama-ct")
model = load(folder)
for module in model.modules():
    module.quantization_enabled = False
compare("int-quantized llama f32, activations not rounded", lathe_logits(codes), logits(model), FLOAT)
compare("int-quantized read back by lathe", lathe_logits(codes), lathe_logits(folder), 0)
done()
