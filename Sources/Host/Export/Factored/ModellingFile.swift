import Graph
import ModelIO

/// The Python file beside a factored model, from which `transformers` learns what its layers are.
///
/// It derives from the library's own class of the architecture and puts the factors in the places of the linear
/// layers; all else is the library's. Its model type is one that `transformers` does not know: under a known one it
/// would load without `trust_remote_code`, and put random numbers where it misses weights.
struct ModellingFile {
  static let module = "modeling_lathe"
  /// The `model_type` of `config.json`.
  let architecture: String

  /// The entries of `auto_map`: what is asked for, and the class.
  var classes: [(String, String)] {
    [
      ("AutoConfig", "LatheConfig"), ("AutoModel", "LatheModel"),
      ("AutoModelForCausalLM", "LatheForCausalLM"),
    ]
  }

  /// Throws for a kind of storage the file has no module for.
  static func check(_ factor: FactorForm, of node: Node, format: String) throws(ExportError) {
    switch factor.storage {
    case .dense, .diagonal, .quantized: return
    case .codebook:
      throw .layer(
        node.name, format: format,
        reason: "its codes look numbers up in a table; quantize with another method than nf4")
    }
  }

  private var family: String {
    let known = ["llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3"]
    return known[architecture] ?? architecture
  }

  var text: String {
    """
    # Written by Lathe. Teaches transformers the linear layers of this folder: sums of products of factors,
    # each dense, diagonal, or in integer codes. `lathe_factors` in config.json lists them.
    from torch import arange, empty, full_like, int32, int64, nn
    from transformers import \(family)Config, \(family)ForCausalLM, \(family)Model


    def unpack(words, count, bits):
        # Code i takes bits b*i to b*(i+1) of its row's stream of 32-bit words, the lowest bit first.
        bit = arange(count, device=words.device) * bits
        words = nn.functional.pad(words.to(int64) & 0xFFFFFFFF, (0, 1))
        low = words[:, bit // 32] >> (bit % 32)
        high = words[:, bit // 32 + 1] << (32 - bit % 32)
        return (low | high) & ((1 << bits) - 1)


    class Codes(nn.Module):
        # w[i, j] = scale[i, g] * (code[i, j] - zero[i, g]), g = j // group_size.
        def __init__(self, form, bias):
            super().__init__()
            rows, columns = form["shape"]
            self.bits, self.columns, self.width = form["bits"], columns, form["group_size"] or columns
            groups = -(-columns // self.width)
            words = lambda count: -(-count * self.bits // 32)
            self.weight_packed = integers(rows, words(columns))
            self.weight_scale = nn.Parameter(empty(rows, groups), requires_grad=False)
            self.weight_shape = nn.Parameter(empty(2, dtype=int64), requires_grad=False)
            self.weight_zero_point = None if form["symmetric"] else integers(words(rows), groups)
            self.bias = bias

        @property
        def weight(self):
            codes = unpack(self.weight_packed, self.columns, self.bits)
            if self.weight_zero_point is None:
                zeros = full_like(self.weight_scale, 1 << (self.bits - 1), dtype=int64)
            else:
                zeros = unpack(self.weight_zero_point.T, self.weight_scale.shape[0], self.bits).T
            group = arange(self.columns, device=codes.device) // self.width
            return (codes - zeros[:, group]).to(self.weight_scale.dtype) * self.weight_scale[:, group]

        def forward(self, x):
            return nn.functional.linear(x, self.weight, self.bias)


    class Diagonal(nn.Module):
        def __init__(self, form, bias):
            super().__init__()
            self.diagonal = nn.Parameter(empty(form["shape"][0]))
            self.bias = bias

        def forward(self, x):
            return self.diagonal * x if self.bias is None else self.diagonal * x + self.bias


    class Factored(nn.Module):
        # The sum over terms of F[n-1] ... F[0] x, plus the bias. Terms and factors have their numbers as names.
        def __init__(self, terms, bias):
            super().__init__()
            for number, term in enumerate(terms):
                self.add_module(str(number), nn.Sequential(*[factor(form, None) for form in term]))
            self.bias = bias

        def forward(self, x):
            y = sum(term(x) for term in self.children())
            return y if self.bias is None else y + self.bias


    def integers(*shape):
        return nn.Parameter(empty(*shape, dtype=int32), requires_grad=False)


    def factor(form, bias):
        if form["storage"] == "dense":
            return nn.Linear(form["shape"][1], form["shape"][0], bias=False)
        return {"diagonal": Diagonal, "quantized": Codes}[form["storage"]](form, bias)


    def put_factors(model, config, prefix):
        for name, terms in config.lathe_factors["linears"].items():
            if not name.startswith(prefix):
                continue
            parent, _, leaf = name[len(prefix):].rpartition(".")
            parent = model.get_submodule(parent)
            bias = getattr(parent, leaf).bias
            if len(terms) == 1 and len(terms[0]) == 1:
                setattr(parent, leaf, factor(terms[0][0], bias))
            else:
                setattr(parent, leaf, Factored(terms, bias))


    class LatheConfig(\(family)Config):
        model_type = "\(FactorLayout.modelTypePrefix)\(architecture)"


    class LatheModel(\(family)Model):
        config_class = LatheConfig

        def __init__(self, config):
            super().__init__(config)
            put_factors(self, config, "model.")


    class LatheForCausalLM(\(family)ForCausalLM):
        config_class = LatheConfig

        def __init__(self, config):
            super().__init__(config)
            put_factors(self, config, "")

    """
  }
}
