import CLathe
import Graph
import Tensors

/// The two directions between `Linear` or `LinearForm` and the ABI's `lathe_linear`.
enum ForeignLinear {
  /// What a strategy gave: with values, or shapes only.
  enum Given {
    case full(Linear)
    case form(LinearForm)
  }

  /// Reads and checks `pointer` for `node`. Values are copied; `old` gives the bias where none is given. The real
  /// numbers of a trial become f32, whatever they would be stored in.
  static func read(
    _ pointer: UnsafePointer<lathe_linear>?, node: Node, old: Linear?, needsValues: Bool,
    isTrial: Bool = false
  ) throws(CallFault) -> Given {
    guard let linear = pointer?.pointee else { throw .contract("the replacement of \(node.name) is NULL") }
    guard linear.struct_size >= MemoryLayout<lathe_linear>.size else {
      throw .contract("the replacement of \(node.name) has a table of \(linear.struct_size) bytes")
    }
    guard (1...64).contains(linear.term_count), let table = linear.terms else {
      throw .contract("the replacement of \(node.name) has \(linear.term_count) terms")
    }
    var factors: [[Factor]] = []
    var forms: [[FactorForm]] = []
    for t in 0..<Int(linear.term_count) {
      guard let term = table[t]?.pointee, term.struct_size >= MemoryLayout<lathe_term>.size,
        (1...64).contains(term.factor_count), let list = term.factors
      else { throw .contract("term \(t) of the replacement of \(node.name) is missing or empty") }
      factors.append([])
      forms.append([])
      for f in 0..<Int(term.factor_count) {
        guard let matrix = list[f]?.pointee, matrix.struct_size >= MemoryLayout<lathe_matrix>.size else {
          throw .contract("factor \(t).\(f) of the replacement of \(node.name) is missing")
        }
        let what = "factor \(t).\(f) of the replacement of \(node.name)"
        var form = try ForeignMatrix.form(matrix, node: node, what: what)
        if isTrial { form.storage = form.storage.inFloat32 }
        forms[t].append(form)
        if needsValues { factors[t].append(try ForeignMatrix.factor(matrix, form: form, what: what)) }
      }
    }
    let form = LinearForm(terms: forms)
    do {
      try form.checkChain(outFeatures: node.outFeatures, inFeatures: node.inFeatures)
      guard needsValues else { return .form(form) }
      var bias = old?.bias
      if let given = linear.bias {
        let view = try ForeignTensor.read(given, "the bias of the replacement of \(node.name)")
        bias = try ForeignMatrix.stored(
          view, as: isTrial ? .f32 : node.elementType, what: "the bias of \(node.name)")
      }
      return .full(
        try Linear(outFeatures: node.outFeatures, inFeatures: node.inFeatures, terms: factors, bias: bias))
    } catch let error as GraphError {
      throw .contract("the replacement of \(node.name): \(error)")
    } catch let fault as CallFault {
      throw fault
    } catch {
      throw .contract("the replacement of \(node.name): \(error)")
    }
  }

  /// Builds the C tables of a form, with values where `linear` is given. Everything lives in `arena`.
  static func make(_ form: LinearForm, linear: Linear?, arena: Arena) -> UnsafePointer<lathe_linear> {
    let terms = form.terms.indices.map { t -> UnsafePointer<lathe_term>? in
      let matrices = form.terms[t].indices.map { f -> UnsafePointer<lathe_matrix>? in
        ForeignMatrix.make(form.terms[t][f], factor: linear?.terms[t][f], arena: arena)
      }
      return arena.hold(
        lathe_term(
          struct_size: UInt32(MemoryLayout<lathe_term>.size), factor_count: UInt32(matrices.count),
          factors: arena.hold(array: matrices)))
    }
    let bias = linear?.bias.map { arena.borrow($0) }
    return arena.hold(
      lathe_linear(
        struct_size: UInt32(MemoryLayout<lathe_linear>.size), term_count: UInt32(terms.count),
        terms: arena.hold(array: terms), bias: bias))
  }
}

extension FactorForm.Storage {
  /// The same with f32 in the place of its real element type.
  fileprivate var inFloat32: FactorForm.Storage {
    switch self {
    case .dense: return .dense(.f32)
    case .diagonal: return .diagonal(.f32)
    case .quantized(var scheme):
      scheme.scaleType = .f32
      return .quantized(scheme)
    }
  }
}
