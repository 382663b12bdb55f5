import Graph
import Tensors

/// What a format needs to know of a factor's storage.
///
/// The one place in this module that lists the kinds of storage: a new kind is an entry here, and every format that
/// does not know it refuses it by name.
enum ExportForm {
  case dense(ElementType)
  case quantized(QuantizationScheme)
  /// A kind that no format but Lathe's own has.
  case other(String)

  init(_ factor: FactorForm) {
    switch factor.storage {
    case .dense(let type): self = .dense(type)
    case .quantized(let scheme): self = .quantized(scheme)
    case .diagonal: self = .other("a diagonal matrix")
    case .codebook: self = .other("codes of a table of numbers")
    }
  }

  /// The only factor of a layer that has but one; nil otherwise.
  static func single(_ form: LinearForm) -> FactorForm? {
    guard form.terms.count == 1, form.terms[0].count == 1 else { return nil }
    return form.terms[0][0]
  }

  /// Whether a layer is one matrix, dense or in codes.
  static func isOneMatrix(_ form: LinearForm) -> Bool {
    guard let factor = single(form) else { return false }
    if case .other = ExportForm(factor) { return false }
    return true
  }

  /// A form in words, as `128x48 codes of 4 bits times 48x128 BF16`.
  static func text(_ form: LinearForm) -> String {
    form.terms.map { term in term.reversed().map(text).joined(separator: " times ") }
      .joined(separator: " plus ")
  }

  private static func text(_ factor: FactorForm) -> String {
    let shape = "\(factor.rows)x\(factor.columns)"
    return switch ExportForm(factor) {
    case .dense(let type): "\(shape) \(type.rawValue)"
    case .quantized(let scheme): "\(shape) codes of \(scheme.bits) bits"
    case .other(let name): "\(shape) as \(name)"
    }
  }
}
