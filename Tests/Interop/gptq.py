"""gptq and gptq-v2: unpacked here with numpy, since GPTQ kernels for the CPU are not part of transformers."""
from common import *

import numpy as np

quantize = lambda **options: {"strategy": "quantize", **options}


def unpack_down(words, count, bits):
    """[words, n] to [count, n]: value i of a column lies in bits b*i to b*(i+1) of its stream of words."""
    bytes_ = np.ascontiguousarray(words.T).view(np.uint8)
    stream = np.unpackbits(bytes_, axis=1, bitorder="little")[:, : count * bits].reshape(-1, count, bits)
    return (stream * (1 << np.arange(bits))).sum(axis=2).T


def dequantise(parts, bits, offset):
    """The weight [in, out] by the definition of the layout: s * (q - z)."""
    inputs, outputs = parts["g_idx"].shape[0], parts["scales"].shape[1]
    codes = unpack_down(parts["qweight"].numpy(), inputs, bits)
    zeros = unpack_down(parts["qzeros"].numpy().T, outputs, bits).T
    zeros = (zeros + offset) % (1 << bits)
    group = parts["g_idx"].numpy()
    return (codes - zeros[group]).astype(np.float32) * parts["scales"].float().numpy()[group]


CASES = [
    ("gptq", 4, dict(group_size=32, symmetric=True)), ("gptq", 8, dict(group_size=0, symmetric=True)),
    ("gptq", 3, dict(group_size=32, symmetric=True)), ("gptq-v2", 4, dict(group_size=32)),
    ("gptq-v2", 2, dict(group_size=16)), ("gptq-v2", 3, dict(group_size=0)),
]
for format, bits, options in CASES:
    what = f"{format} {bits} bits " + " ".join(f"{key} {value}" for key, value in options.items())
    source = small_model("qwen2", torch.float16)
    codes = compress(source, f"gptq-{what.replace(' ', '-')}", [quantize(bits=bits, **options)])
    folder = export(codes, format, f"{codes.name}-out")
    plain = tensors(export(codes, "dense", f"{codes.name}-dense", "--dtype", "f32"))
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    check(f"{what}: quantize_config.json is what config.json says",
          config == json.loads((folder / "quantize_config.json").read_text()))
    from transformers import GPTQConfig

    parsed = GPTQConfig(**{key: value for key, value in config.items() if key != "quant_method"})
    check(f"{what}: transformers' GPTQConfig reads it",
          (parsed.bits, parsed.sym) == (bits, bool(options.get("symmetric"))))
    packed = tensors(folder)
    modules = [key[: -len(".qweight")] for key in packed if key.endswith(".qweight")]
    offset = 1 if config["checkpoint_format"] == "gptq" else 0
    same = len(modules) == 14
    for name in modules:
        parts = {key[len(name) + 1 :]: value for key, value in packed.items() if key.startswith(name + ".")}
        same &= np.array_equal(dequantise(parts, bits, offset), plain[f"{name}.weight"].numpy().T)
    check(f"{what}: unpacked by numpy it is lathe's weights, bit for bit", same)
    if bits == 4 and options.get("symmetric"):
        check(f"{what}: zeros are the words 0x77777777", bool((packed[f"{modules[0]}.qzeros"] == 0x77777777).all()))
try:
    import gptqmodel  # noqa: F401

    skipped("gptq in transformers: gptqmodel is there, but this check does not use it")
except ImportError:
    skipped("gptq in transformers: its loader needs gptqmodel, which is not installed")
done()
