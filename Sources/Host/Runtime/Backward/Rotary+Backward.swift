import CKernels
import LinearAlgebra

extension RotaryTable {
  /// d loss / d x from d loss / d y, in place: the transpose of the rotation, which scales as it does.
  func backward(_ gradient: MutableMatrixView<Float>, headDimension: Int) {
    forEachHead(gradient, headDimension: headDimension, row_rotate_back)
  }
}
