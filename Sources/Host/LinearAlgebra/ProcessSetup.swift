import CKernels
import Glibc

/// What a program that computes does first, before anything is printed or opened.
public enum ProcessSetup {
  /// Makes memory follow what is in use, and OpenBLAS use the best kernels of the processor.
  ///
  /// OpenBLAS chooses its kernels once, when it is loaded. So the process starts itself again with the recommended
  /// set in the environment; a choice that is already there is kept.
  public static func apply() {
    // A layer's matrices are tens of megabytes: in malloc's heaps they would keep several times the peak in use.
    heap_map_blocks_from(1 << 20)
    let variable = "OPENBLAS_CORETYPE"
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
