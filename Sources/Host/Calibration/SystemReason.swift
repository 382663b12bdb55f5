import Foundation

/// Why the system refused to read or write a file, in its own few words.
public enum SystemReason {
  /// `No such file or directory` instead of Foundation's sentences around it.
  public static func text(of error: any Error) -> String {
    let cocoa = error as NSError
    if let code = (error as? POSIXError ?? cocoa.userInfo[NSUnderlyingErrorKey] as? POSIXError)?.code {
      return String(cString: strerror(code.rawValue))
    }
    if let underlying = cocoa.userInfo[NSUnderlyingErrorKey] as? NSError,
      underlying.domain == NSPOSIXErrorDomain
    {
      return String(cString: strerror(Int32(underlying.code)))
    }
    var text = cocoa.localizedDescription
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }
}
