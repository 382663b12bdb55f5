/// About reading the model and replacing its layers.
enum GraphCases {
  static let all: [ValidationCase] = [
    rule(
      "replaces-selected-only", "Only nodes with LATHE_NODE_SELECTED are replaced.",
      fix: "test flags of lathe_node_info before replacing"),
    rule(
      "replaces-own-block-only", "compress replaces nodes of the block it was called for.",
      fix: "compare block of lathe_node_info with the argument"),
    rule(
      "replaces-in-compress", "Layers are replaced in compress and finish only.",
      fix: "move replace_linear to compress; for trials there is lathe.training/1"),
    rule(
      "graph-calls-outside-parallel", "replace_linear and stat are not called from within for_each.",
      fix: "read statistics before for_each, collect results in slots, and replace after it",
      options: { $0.threads = 2 }),
    rule(
      "forms-are-sound",
      "A form chains from the layer's inputs to its outputs, and its tensors have the shapes, types and profile that its tables state.",
      fix:
        "rows and columns of lathe_matrix are those of its values; factors[0] meets the input; byte_offset is 0"
    ),
    rule(
      "codes-fit-their-bits", "Codes and zero points are below 2^bits.",
      fix: "clamp codes to 0 ... 2^bits - 1", kinds: [.plain, .odd, .huge, .tiny]),
    rule(
      "scales-are-sound",
      "scale_input is called in compress of the own block, with positive float32 scales, equal where scale_classes says so.",
      fix: "ask scale_classes which features share a scale, and keep scales away from 0 and infinity"),
    rule(
      "scaled-inputs-are-answered",
      "Each layer that reads a scaled input is replaced for the new input before compress returns.",
      fix: "call scale_input first, then replace_linear with W diag(scales) for every node of the input_group"
    ),
    rule(
      "nodes-exist", "Nodes are numbered 0 ... node_count - 1.",
      fix: "stop loops before node_count, and use LATHE_NODE_NONE for the stage"),
    rule(
      "info-tables-state-their-size", "Tables that the host fills have struct_size set by the caller.",
      fix: "set info.struct_size = sizeof info before the call"),
  ]

  private static func rule(
    _ name: String, _ rule: String, fix: String, kinds: [TinyModel.Kind] = [.plain, .head],
    options: @escaping @Sendable (inout HostOptions) -> Void = { _ in }
  ) -> ValidationCase {
    ValidationCase(
      .graph, name, rule, fix: fix,
      .strategy { bench throws(CaseFault) in try bench.check(name, kinds, options) })
  }
}
