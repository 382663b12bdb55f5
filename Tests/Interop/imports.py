"""Checkpoints that compressed-tensors itself wrote, read by lathe."""
from common import *

from compressed_tensors.compressors import ModelCompressor
from compressed_tensors.quantization import QuantizationConfig, QuantizationStatus, apply_quantization_config
from compressed_tensors.quantization.utils import calculate_qparams
from transformers import AutoModelForCausalLM


def write(name, source, format, weights, ignore=(), activations=None):
    """Rounds every linear module of a model with compressed-tensors' own code and saves the folder."""
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    config = QuantizationConfig(
        config_groups={"group_0": {"targets": ["Linear"], "weights": weights, "input_activations": activations}},
        ignore=["lm_head", *ignore], format=format, quantization_status=QuantizationStatus.FROZEN,
    )
    apply_quantization_config(model, config)
    for module in model.modules():
        if getattr(module, "quantization_scheme", None) is None:
            continue
        own = module.quantization_scheme.weights
        columns = module.weight.shape[1]
        grouped = module.weight.detach().unflatten(1, (-1, own.group_size or columns))
        if own.strategy == "tensor":
            grouped = module.weight.detach().reshape(1, 1, -1)
        scale, zero = calculate_qparams(grouped.amin(-1), grouped.amax(-1), own)
        module.weight_scale.data.copy_(scale.reshape(module.weight_scale.shape))
        if getattr(module, "weight_zero_point", None) is not None:
            module.weight_zero_point.data.copy_(zero.reshape(module.weight_zero_point.shape))
    compressor = ModelCompressor(quantization_config=config)
    compressor.compress_model(model)
    folder = WORK / name
    model.save_pretrained(folder)
    compressor.update_config(folder)
    compressor.decompress_model(model)
    for module in model.modules():
        module.quantization_enabled = False
    return folder, model.eval()


integers = dict(type="int", dynamic=False)
CASES = [
    ("packed groups", "pack-quantized", dict(num_bits=4, strategy="group", group_size=32, symmetric=True), {}),
    ("packed groups with zero points", "pack-quantized",
     dict(num_bits=4, strategy="group", group_size=16, symmetric=False), {}),
    ("packed rows, 8 bits", "pack-quantized", dict(num_bits=8, strategy="channel", symmetric=True),
     dict(ignore=["re:.*down_proj"])),
    ("bytes a row", "int-quantized", dict(num_bits=8, strategy="channel", symmetric=True),
     dict(activations=dict(num_bits=8, type="int", strategy="token", dynamic=True, symmetric=True))),
    ("bytes with zero points", "naive-quantized", dict(num_bits=8, strategy="channel", symmetric=False), {}),
    ("one scale a matrix, zero points", "pack-quantized", dict(num_bits=4, strategy="tensor", symmetric=False), {}),
    ("bytes, one scale a matrix", "naive-quantized", dict(num_bits=8, strategy="tensor", symmetric=True), {}),
]
for number, (what, format, weights, options) in enumerate(CASES):
    folder, model = write(f"import-{number}", small_model("llama"), format, {**integers, **weights}, **options)
    expected = logits(model)
    compare(f"import of {what}", lathe_logits(folder), expected, FLOAT)
    again = export(folder, "dense", f"import-{number}-dense", "--dtype", "f32")
    compare(f"import of {what}: exported as dense", lathe_logits(folder), lathe_logits(again), 0)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    small = compress(folder, f"import-{number}-small", [{"strategy": "svdllm-v2", "keep": 0.9, "include": ["down_proj"]}])
    check(f"import of {what}: compress takes it", "svdllm-v2" in lathe("inspect", small))
done()
