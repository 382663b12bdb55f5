import ModelIO
import Pipeline

/// `lathe verify`
enum VerifyCommand: Command {
  static let name = "verify"
  static let operandUsage = "DIR"
  static let operands = 1...1
  static let summary = "recompute every hash in a folder's lathe.json and compare"
  static let discussion =
    "Exit status 3 when anything differs. With --source also checks the model it was made from."
  static let options: [Option] = [.value("source", "DIR", "the folder the model was made from"), .json]

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    let verification = try Verification(
      directory: arguments.operands[0], source: arguments["source"], isCancelled: session.isCancelled)
    if session.isJSON {
      session.print([
        "files": .integer(verification.filesChecked), "tensors": .integer(verification.tensorsChecked),
        "differences": .array(
          verification.differences.map { ["what": .string($0.what), "reason": .string($0.reason)] }),
      ])
    } else {
      for difference in verification.differences { session.print("\(difference.what): \(difference.reason)") }
      session.print(
        "\(verification.filesChecked) files and \(verification.tensorsChecked) tensors checked, "
          + "\(verification.differences.count) differences")
    }
    return verification.differences.isEmpty ? .done : .difference
  }
}
