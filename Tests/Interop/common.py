"""What the interop checks share: small models, the lathe command, and the comparison of logits.

Each check is a file of its own and prints a line for everything it finds: PASS, FAIL or SKIP.
LATHE is the command, LATHE_WORK a folder for files, which the checks share.
"""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TQDM_DISABLE", "1")

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

torch.manual_seed(0)
torch.set_num_threads(2)
ROOT = Path(__file__).resolve().parents[2]
LATHE = os.environ.get("LATHE", str(ROOT / ".build/release/lathe"))
WORK = Path(os.environ.get("LATHE_WORK") or tempfile.mkdtemp(prefix="lathe-interop-"))
# Remote code is copied there by transformers; it must not pile up in the user's cache.
os.environ["HF_MODULES_CACHE"] = str(WORK / "modules")
DEMO = ROOT / "examples/demo-model"
FLOAT, BF16 = 1e-4, 1e-3
failures = 0


def passed(what):
    print(f"PASS  {what}", flush=True)


def failed(what):
    global failures
    failures += 1
    print(f"FAIL  {what}", flush=True)


def skipped(what):
    print(f"SKIP  {what}", flush=True)


def check(what, holds):
    passed(what) if holds else failed(what)


def done():
    sys.exit(1 if failures else 0)


def lathe(*arguments, refused=False):
    """Runs lathe; returns what it printed, or with `refused` its complaint."""
    run = subprocess.run([LATHE, *map(str, arguments)], capture_output=True, text=True)
    if (run.returncode != 0) != refused:
        raise SystemExit(f"FAIL  lathe {' '.join(map(str, arguments))}: {run.stderr.strip() or 'was not refused'}")
    return run.stderr if refused else run.stdout


def generators():
    """The generator of the golden models, which knows the families."""
    spec = importlib.util.spec_from_file_location("make_models", ROOT / "Tests/Golden/make_models.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tokenizer():
    """A byte-level tokenizer without merges."""
    vocabulary, extra = {}, 256
    for byte in range(256):
        printable = 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174
        vocabulary[chr(byte if printable else extra)] = byte
        extra += not printable
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": level, "post_processor": None, "decoder": level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary, "merges": [],
        },
    }


def small_model(family, dtype=torch.float32, **options):
    """A random model of the family with biases where it has them; the same folder for the same arguments."""
    name = "-".join([family, str(dtype).split(".")[1], *(f"{key}{value}" for key, value in sorted(options.items()))])
    folder = WORK / "models" / name
    if folder.exists():
        return folder
    module = generators()
    make_config, make_model = module.FAMILIES[family]
    sizes = dict(hidden_size=64, intermediate_size=96, vocab_size=256, num_key_value_heads=2)
    extra = {
        "llama": dict(attention_bias=True, mlp_bias=True), "mistral": dict(sliding_window=24),
        "qwen2": {}, "qwen3": dict(head_dim=16),
    }[family]
    torch.manual_seed(11)
    config = make_config(**{**module.BASE, **sizes, **extra, **options})
    model = make_model(config).to(dtype)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("bias"):
                parameter.normal_(0, 0.3)
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    return folder


def compress(source, name, stages):
    """The output of a recipe with these stages; calibrated on the demo model's text."""
    output = WORK / name
    if output.exists():
        return output
    recipe = {
        "lathe": 1, "seed": 5, "stages": stages,
        "calibration": {"text": [str(DEMO / "calibration.txt")], "samples": 8, "context": 64},
    }
    path = WORK / f"{name}.json5"
    path.write_text(json.dumps(recipe))
    lathe("compress", "--model", source, "--recipe", path, "--output", output)
    return output


def export(source, format, name, *flags):
    output = WORK / name
    lathe("export", "--model", source, "--format", format, "--output", output, "--force", *flags)
    return output


def token_ids(vocabulary=256, length=48):
    torch.manual_seed(3)
    return torch.randint(0, vocabulary, (2, length))


def lathe_logits(folder):
    ids = token_ids()
    save_file({"input_ids": ids}, WORK / "tokens.safetensors")
    lathe("eval", "--model", folder, "--tokens", WORK / "tokens.safetensors", "--logits", WORK / "logits.safetensors")
    return load_file(WORK / "logits.safetensors")["logits"]


def load(folder, dtype=torch.float32, **options):
    """The folder as transformers loads it. Every weight must find its place."""
    from transformers import AutoModelForCausalLM

    model, report = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", output_loading_info=True, **options
    )
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        found = [key for key in report[kind] if not key.endswith("rotary_emb.inv_freq")]
        if found:
            failed(f"{folder.name}: {kind}: {found[:4]}")
    return model.eval()


def logits(model):
    with torch.no_grad():
        return model(token_ids()).logits.float()


def compare(what, ours, theirs, tolerance):
    """Logits must agree within the tolerance, absolutely or relative to the largest of them."""
    error = (ours - theirs).abs().max().item()
    scale = max(1.0, ours.abs().max().item())
    check(f"{what}: logits differ by {error:.1e}, of {scale:.1f} (at most {tolerance:.0e})", error <= tolerance * scale)


def tensors(folder):
    """Every tensor of a folder by name."""
    result = {}
    for path in sorted(Path(folder).glob("*.safetensors")):
        result.update(load_file(path))
    return result


def same_tokenizer(what, source, exported):
    names = [name for name in ("tokenizer.json", "tokenizer_config.json") if (Path(source) / name).exists()]
    check(
        f"{what}: tokenizer files are the same bytes",
        names and all((Path(source) / n).read_bytes() == (Path(exported) / n).read_bytes() for n in names),
    )
