import Glibc
import LinearAlgebra

/// Makes OpenBLAS use the best kernels the processor supports.
///
/// OpenBLAS chooses once, when it is loaded, and distributions' builds do not know recent processors. So the
/// process starts itself again with the better choice in the environment. A user's own choice is kept.
enum KernelChoice {
  private static let variable = "OPENBLAS_CORETYPE"

  static func apply() {
    guard getenv(variable) == nil, let core = BLASCore.recommended else { return }
    setenv(variable, core, 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
    arguments.append(nil)
    // On failure the process goes on with the kernels it has.
    execv("/proc/self/exe", arguments)
    for argument in arguments { free(argument) }
    unsetenv(variable)
  }
}
