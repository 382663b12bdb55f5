"""gguf: the package's reader and its decoders, transformers' own loader of GGUF files, and llama.cpp where it is there.

Three independent readers. The package decodes every tensor to Lathe's numbers bit for bit; transformers undoes the
order of rows and gives Lathe's logits; llama.cpp cuts text into Lathe's tokens and reaches its perplexity.
"""
from common import *
import gguf
import numpy as np
from safetensors.numpy import load_file as load_numpy
from transformers import AutoConfig, AutoModelForCausalLM

BOOKS = ROOT.parent / "shared/models/books-5m"
TEXT = ROOT.parent / "shared/texts/books-holdout.txt"


def as_gguf(source, name, *flags):
    return export(source, "gguf", f"{name}.gguf", *flags)


def same_bits(what, path):
    """Every tensor as the package decodes it is what Lathe decodes."""
    values = path.with_suffix(".values.safetensors")
    values.unlink(missing_ok=True)
    lathe("inspect", path, "--values", values)
    ours, found, kinds = load_numpy(values), 0, set()
    tensors = gguf.GGUFReader(path).tensors
    for tensor in tensors:
        theirs = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(-1)
        found += np.array_equal(theirs.view(np.uint32), ours[tensor.name].reshape(-1).view(np.uint32))
        kinds.add(tensor.tensor_type.name)
    check(f"{what}: {found} of {len(tensors)} tensors decode to the same bits ({', '.join(sorted(kinds))})",
          found == len(tensors) == len(ours))


def value(reader, key):
    return reader.fields[key].contents()


def same_settings(what, source, path):
    """The hyperparameters are those of config.json."""
    config, reader = AutoConfig.from_pretrained(source), gguf.GGUFReader(path)
    name = value(reader, "general.architecture")
    expected = {
        "context_length": config.max_position_embeddings, "embedding_length": config.hidden_size,
        "block_count": config.num_hidden_layers, "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.num_attention_heads, "attention.head_count_kv": config.num_key_value_heads,
        "vocab_size": config.vocab_size, "attention.layer_norm_rms_epsilon": np.float32(config.rms_norm_eps),
    }
    wrong = [key for key, number in expected.items() if value(reader, f"{name}.{key}") != number]
    check(f"{what}: hyperparameters, wrong: {wrong}", not wrong)


for family in ("llama", "mistral", "qwen2", "qwen3"):
    source = small_model(family)
    path = as_gguf(source, family, "--dtype", "f32")
    same_bits(f"gguf {family}", path)
    same_settings(f"gguf {family}", source, path)
    # transformers reads no hyperparameters from "llama" files that it calls mistral, so the numbers come from the folder.
    config = AutoConfig.from_pretrained(source)
    if family == "mistral":
        config = AutoConfig.for_model("llama", **{k: v for k, v in config.to_dict().items() if k != "model_type"})
    if family == "llama":
        skipped("gguf llama with biases: transformers' reader permutes no biases")
    else:
        theirs = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, config=config, dtype=torch.float32, attn_implementation="eager").eval()
        if family == "mistral":
            source = small_model(family, sliding_window=4096)
            path = as_gguf(source, "mistral-wide", "--dtype", "f32")
            theirs = AutoModelForCausalLM.from_pretrained(
                path.parent, gguf_file=path.name, config=config, dtype=torch.float32, attn_implementation="eager").eval()
        compare(f"gguf {family} in transformers", lathe_logits(source), logits(theirs), FLOAT)

source = small_model("llama", attention_bias=False, mlp_bias=False)
path = as_gguf(source, "llama-plain", "--dtype", "f32")
theirs = AutoModelForCausalLM.from_pretrained(
    path.parent, gguf_file=path.name, config=AutoConfig.from_pretrained(source), dtype=torch.float32,
    attn_implementation="eager").eval()
compare("gguf llama in transformers", lathe_logits(source), logits(theirs), FLOAT)

wide = small_model("llama", hidden_size=256, intermediate_size=512, num_attention_heads=4)
for kind in ("f16", "bf16", "q8_0", "q4_0", "q5_0", "q5_1", "q4_k", "q5_k", "q6_k"):
    same_bits(f"gguf {kind}", as_gguf(wide, f"wide-{kind}", "--dtype", kind))
codes = compress(DEMO / "model", "codes-gguf", [
    {"strategy": "quantize", "bits": 4, "group_size": 32, "symmetric": True}])
same_bits("gguf of 4-bit codes, kept", as_gguf(codes, "codes"))

try:
    import llama_cpp
except ImportError:
    skipped("gguf in llama.cpp: the module llama_cpp is not there")
    done()
if not BOOKS.exists():
    skipped("gguf in llama.cpp: no shared model")
    done()


def perplexity(model, windows):
    loss, count = 0.0, 0
    for window in windows:
        model.reset()
        model.eval(window)
        scores = torch.tensor(np.array(model.scores[: len(window) - 1]), dtype=torch.float64)
        target = torch.tensor(window[1:])
        loss += torch.nn.functional.cross_entropy(scores, target, reduction="sum").item()
        count += len(target)
    return float(np.exp(loss / count))


CONTEXT, WINDOWS = 256, int(os.environ.get("LATHE_INTEROP_WINDOWS", "16"))
excerpt = WORK / "excerpt.txt"
excerpt.write_text(TEXT.read_text()[: 8 * CONTEXT * WINDOWS])
ids = json.loads(lathe("tokenize", "--tokenizer", BOOKS / "tokenizer.json", "--text", excerpt))
windows = [ids[i * CONTEXT : (i + 1) * CONTEXT] for i in range(WINDOWS)]
save_file({"input_ids": torch.tensor(windows)}, WORK / "windows.safetensors")
ours = json.loads(lathe("eval", "--model", BOOKS, "--tokens", WORK / "windows.safetensors", "--json"))["perplexity"]
for kind in ("f16", "q8_0", "q4_k"):
    path = as_gguf(BOOKS, f"books-{kind}", "--dtype", kind)
    model = llama_cpp.Llama(
        str(path), n_ctx=CONTEXT, n_batch=CONTEXT, logits_all=True, verbose=False, n_threads=2)
    theirs = model.tokenize(excerpt.read_bytes(), add_bos=False, special=True)
    check(f"gguf {kind} in llama.cpp: {len(ids)} tokens of a text are the same", theirs == ids)
    found = perplexity(model, windows)
    check(f"gguf {kind} in llama.cpp: perplexity {found:.3f}, Lathe's {ours:.3f}", abs(found / ours - 1) < 0.01)
done()
