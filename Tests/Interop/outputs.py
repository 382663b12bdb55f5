"""A recipe that writes further outputs: they are what `lathe export` makes of the main one."""
from common import *

source = small_model("llama")
recipe = {
    "lathe": 1, "seed": 1,
    "stages": [{"strategy": "quantize", "bits": 8, "group_size": 0, "symmetric": True}],
    "outputs": [
        {"format": "compressed-tensors", "folder": "outputs-ct"},
        {"format": "dense", "folder": "outputs-dense", "dtype": "bf16"},
    ],
}
path = WORK / "outputs.json5"
path.write_text(json.dumps(recipe))
lathe("compress", "--model", source, "--recipe", path, "--output", WORK / "outputs-main", "--force")
for name, format, flags in (("outputs-ct", "compressed-tensors", []), ("outputs-dense", "dense", ["--dtype", "bf16"])):
    again = export(WORK / "outputs-main", format, f"{name}-again", *flags)
    same = sorted(p.name for p in again.iterdir()) == sorted(p.name for p in (WORK / name).iterdir()) and all(
        p.read_bytes() == (WORK / name / p.name).read_bytes() for p in again.iterdir()
    )
    check(f"recipe output {format} is what lathe export writes, byte for byte", same)
compare("recipe output compressed-tensors", lathe_logits(WORK / "outputs-main"), logits(load(WORK / "outputs-ct")), FLOAT)
recipe["outputs"] = [{"format": "gptq", "folder": "outputs-gptq"}]
path.write_text(json.dumps(recipe))
complaint = lathe(
    "compress", "--model", source, "--recipe", path, "--output", WORK / "outputs-refused", refused=True)
check("a further output that cannot be is refused before the run",
      "gptq" in complaint and "--dtype f16" in complaint and not (WORK / "outputs-refused").exists())
done()
