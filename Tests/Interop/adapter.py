"""peft: a base in codes and a LoRA adapter, loaded by PEFT."""
from common import *

import shutil

from peft import PeftModel
from transformers import CompressedTensorsConfig


def with_residual(source, name, rank):
    """A copy of a lathe folder whose layers each have one more term, a product of two random factors."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    (folder / "lathe.json").unlink(missing_ok=True)
    config = json.loads((folder / "config.json").read_text())
    stored = tensors(folder)
    linears = config.setdefault("quantization_config", {"format": "lathe", "version": 1, "linears": {}})["linears"]
    torch.manual_seed(4)
    for number, key in enumerate(sorted(k for k in stored if ".layers." in k and "_proj.weight" in k)):
        layer, _, part = key.rpartition(".")
        if part not in ("weight", "weight_packed", "weight_scale", "weight_shape", "weight_zero_point"):
            continue
        first = linears.get(layer, [[{"storage": "dense"}]])[0]
        stored[f"{layer}.0.0.{part}"] = stored.pop(key)
        if f"{layer}.1.0.weight" in stored:
            continue
        # Ranks differ, so that padding shows.
        own = rank if number % 4 else 1
        linears[layer] = [first, [{"storage": "dense"}, {"storage": "dense"}]]
        rows, columns = shapes[layer]
        stored[f"{layer}.1.0.weight"] = torch.randn(own, columns) * 0.1
        stored[f"{layer}.1.1.weight"] = torch.randn(rows, own) * 0.1
    for path in folder.glob("*.safetensors"):
        path.unlink()
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    return folder


source = small_model("qwen3")
shapes = {key[: -len(".weight")]: tuple(value.shape) for key, value in tensors(source).items() if value.dim() == 2}
dense = with_residual(source, "residual-dense", 5)
folder = export(dense, "peft", "adapter-dense")
expected = lathe_logits(dense)
model = PeftModel.from_pretrained(load(folder / "base"), str(folder / "adapter")).eval()
compare("peft qwen3 f32, dense base", expected, logits(model), FLOAT)
compare("peft qwen3 f32, merged into the base", expected, logits(model.merge_and_unload()), FLOAT)

for symmetric in (True, False):
    what = "symmetric codes" if symmetric else "codes with zero points"
    codes = compress(source, f"adapter-codes-{symmetric}", [
        {"strategy": "quantize", "bits": 4, "group_size": 16, "symmetric": symmetric}])
    residual = with_residual(codes, f"residual-codes-{symmetric}", 6)
    folder = export(residual, "peft", f"adapter-codes-{symmetric}-out")
    options = {} if symmetric else {"quantization_config": CompressedTensorsConfig(dequantize=True)}
    base = load(folder / "base", **options)
    if symmetric:
        logits(base)  # The first pass decompresses the layers, which PEFT looks into.
    model = PeftModel.from_pretrained(base, str(folder / "adapter")).eval()
    compare(f"peft qwen3 f32, base of 4-bit {what}", lathe_logits(residual), logits(model), FLOAT)
same_tokenizer("peft", source, folder / "base")
done()
