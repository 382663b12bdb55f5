import Tensors

/// An element type that BLAS and LAPACK compute in: `Float` or `Double`, and nothing else.
public protocol RealScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  static var elementType: ElementType { get }
  /// The routines of this precision.
  static var routines: Routines<Self> { get }
}

extension Float: RealScalar {
  public static var elementType: ElementType { .f32 }
  public static let routines = Routines.single
}

extension Double: RealScalar {
  public static var elementType: ElementType { .f64 }
  public static let routines = Routines.double
}
