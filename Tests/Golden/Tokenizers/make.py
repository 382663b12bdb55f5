"""Makes cases.json: two tiny byte-pair models and what the reference library gives with many components around them.

Run: pip install tokenizers==0.20.3 && python make.py > cases.json
"""
import json
import sys

from tokenizers import Tokenizer, models, trainers, pre_tokenizers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
          r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CORPUS = [
    "The cat sat on the mat, and the other cat didn't. They'll see 1234 mats, I'm told; we've counted 56789.",
    "the theory of the thing: there, then, this and that\n\n\treturn the_value + 12.5;  // the end",
    "Führer é e\u0301 日本語 нещо the THE Their 100% a+b=c", "in the beginning the ring was singing",
] * 3
TEXTS = [
    "", " ", "\n", "The cat sat on the mat.", "  two  spaces   and\ttabs\n\n \n end ", "don't DON'T they'll I'M 'ſ",
    "1234567 3.14 ½²Ⅷ", "日本語のテキスト Führer e\u0301 é \u212b ﬁ İ ΑΣ", "🦙 😶\u200d🌫️ \u00a0\u3000\u2028x\u0085y",
    "<s>the<tool> the</s> x<tool>", "the<mark>the\u2581\u2581the ", "wörd wörds xwörd", "a\0b\x7f\ufffd\r\nc\r\n",
]


def byte_level(regex):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": regex}


def split(pattern, behavior, invert=False):
    kind = "Regex" if pattern[0] == "r" else "String"
    return {"type": "Split", "pattern": {kind: pattern[1:]}, "behavior": behavior, "invert": invert}


def sequence(name, *members):
    return {"type": "Sequence", name: list(members)}


def added(number, content, **flags):
    token = {"id": number, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": False}
    return {**token, **flags}


def replace(pattern, content):
    return {"type": "Replace", "pattern": pattern, "content": content}


def metaspace(scheme, cut):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cut}


def train(size, fallback):
    model = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True) if fallback else models.BPE())
    model.pre_tokenizer = (pre_tokenizers.Metaspace() if fallback else pre_tokenizers.ByteLevel(False))
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)] if fallback else []
    alphabet = [] if fallback else pre_tokenizers.ByteLevel.alphabet()
    model.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=alphabet, limit_alphabet=40 if fallback else 256,
        show_progress=False))
    return json.loads(model.to_str())["model"]


BYTES, PIECES = train(330, False), train(360, True)
BYTE_TOKENS = [added(400, "<s>", special=True), added(401, "</s>", special=True, rstrip=True),
               added(402, "<tool>", lstrip=True, rstrip=True), added(403, "wörd", single_word=True, normalized=True)]
PIECE_TOKENS = [added(0, "<unk>", special=True), added(1, "<s>", special=True, normalized=True),
                added(2, "</s>", special=True), added(500, "<mark>", normalized=True)]
FRAME = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
         {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}},
         {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<s>": {"id": "<s>", "ids": [400], "tokens": ["<s>"]}}}
SPACES = replace({"String": "▁"}, " ")
LLAMA2 = sequence("decoders", SPACES, {"type": "ByteFallback"}, {"type": "Fuse"},
                  {"type": "Strip", "content": " ", "start": 1, "stop": 0})
PREPEND = {"type": "Prepend", "prepend": "▁"}
STRIP = {"type": "Strip", "strip_left": True, "strip_right": True}

# name: (model, normalizer, pre-tokenizer, post-processor, decoder)
B, P = "bytes", "pieces"
BL = byte_level(False)
SETUPS = {
    "gpt2": (B, None, byte_level(True), byte_level(True), byte_level(True)),
    "llama3": (B, None, sequence("pretokenizers", split("r" + LLAMA3, "Isolated"), BL),
               sequence("processors", byte_level(True), FRAME), byte_level(True)),
    "qwen2": (B, {"type": "NFC"}, sequence("pretokenizers", split("r" + LLAMA3.replace("{1,3}", ""), "Isolated"), BL),
              None, byte_level(True)),
    "tekken": (B, None, sequence("pretokenizers", split("r" + TEKKEN, "Isolated"), BL), None, byte_level(True)),
    "falcon": (B, None, sequence("pretokenizers", {"type": "Punctuation", "behavior": "Contiguous"}, byte_level(True),
               {"type": "Digits", "individual_digits": False}, split("r[0-9][0-9][0-9]", "Isolated")),
               None, byte_level(True)),
    "lowercase": (B, sequence("normalizers", {"type": "NFKC"}, {"type": "Lowercase"}), sequence("pretokenizers",
                  split("r[,.\\s]", "MergedWithPrevious"), split("st", "MergedWithNext"),
                  split("r[a-m]+", "Removed", True), BL), None, byte_level(True)),
    "accents": (B, sequence("normalizers", {"type": "NFD"}, {"type": "StripAccents"}, STRIP), sequence(
                "pretokenizers", {"type": "WhitespaceSplit"}, {"type": "Digits", "individual_digits": True},
                split("se", "Contiguous", True), {"type": "Whitespace"}, BL), FRAME, None),
    "llama2": (P, sequence("normalizers", PREPEND, replace({"String": " "}, "▁")), None, None, LLAMA2),
    "stories": (P, sequence("normalizers", STRIP, replace({"Regex": " {2,}"}, " "), PREPEND,
                replace({"String": " "}, "▁")), None, None, LLAMA2),
    "mistral": (P, None, metaspace("first", False), None, sequence("decoders", SPACES, {"type": "ByteFallback"},
                {"type": "Fuse"})),
    "metaspace": (P, None, metaspace("always", True), None, metaspace("always", True)),
    "gemma": (P, replace({"String": " "}, "▁"), split("s ", "MergedWithPrevious"), None, sequence(
              "decoders", SPACES, {"type": "ByteFallback"}, {"type": "Fuse"})),
}

cases = []
for name, (model, normalizer, before, after, decoder) in SETUPS.items():
    parts = {"added_tokens": BYTE_TOKENS if model == B else PIECE_TOKENS, "normalizer": normalizer,
             "pre_tokenizer": before, "post_processor": after, "decoder": decoder}
    whole = {"version": "1.0", "truncation": None, "padding": None, **parts, "model": BYTES if model == B else PIECES}
    # The library numbers added tokens on from the model's own; the model gets fillers up to theirs.
    fill = {f"unused{i}": i for i in range(len(whole["model"]["vocab"]), 400 if model == B else 500)}
    whole["model"] = {**whole["model"], "vocab": {**whole["model"]["vocab"], **fill}}
    tokenizer = Tokenizer.from_str(json.dumps(whole))
    results = []
    for text in TEXTS:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        framed = tokenizer.encode(text).ids
        results.append({"text": text, "ids": ids, "extra": len(framed) - len(ids), "decoded": tokenizer.decode(ids),
                        "whole": tokenizer.decode(framed, skip_special_tokens=False)})
    cases.append({"name": name, "model": model, **parts, "results": results})

for model in (BYTES, PIECES):
    # The vocabulary in the order of its ids is all there is to it.
    model["vocab"] = {token: i for token, i in sorted(model["vocab"].items(), key=lambda entry: entry[1])}
lines = ["{", f'"bytes": {json.dumps(BYTES)},', f'"pieces": {json.dumps(PIECES)},', '"cases": [']
lines += [",\n".join(json.dumps(case) for case in cases), "]}"]
sys.stdout.write("\n".join(lines) + "\n")
