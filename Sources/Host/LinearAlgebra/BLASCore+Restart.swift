import Glibc

extension BLASCore {
  /// Starts the process again with the recommended kernel set in the environment; returns where there is none, where
  /// the environment already names one, and where starting fails.
  ///
  /// To be called first in a program, before anything is printed or opened.
  public static func restartWithRecommended() {
    let variable = "OPENBLAS_CORETYPE"
    guard getenv(variable) == nil, let core = recommended else { return }
    setenv(variable, core, 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
    arguments.append(nil)
    execv("/proc/self/exe", arguments)
    for argument in arguments { free(argument) }
    unsetenv(variable)
  }
}
