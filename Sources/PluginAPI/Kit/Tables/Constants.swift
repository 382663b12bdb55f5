// Constant data of the module: made once, never freed, because the host may read it until the process ends.

func constant<Value>(_ value: Value) -> UnsafePointer<Value> {
  let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
  pointer.initialize(to: value)
  return UnsafePointer(pointer)
}

func constantText(_ text: String) -> UnsafePointer<CChar> {
  let bytes = text.utf8
  let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
  var index = 0
  for byte in bytes {
    (pointer + index).initialize(to: CChar(bitPattern: byte))
    index += 1
  }
  (pointer + index).initialize(to: 0)
  return UnsafePointer(pointer)
}

/// A NULL-terminated list.
func constantList<Value>(_ values: [UnsafePointer<Value>]) -> UnsafePointer<UnsafePointer<Value>?> {
  let pointer = UnsafeMutablePointer<UnsafePointer<Value>?>.allocate(capacity: values.count + 1)
  for (index, value) in values.enumerated() { (pointer + index).initialize(to: value) }
  (pointer + values.count).initialize(to: nil)
  return UnsafePointer(pointer)
}

func constantTexts(_ texts: [String]) -> UnsafePointer<UnsafePointer<CChar>?> {
  constantList(texts.map { constantText($0) })
}
