import Foundation
import ModelIO
import PluginHost

/// `lathe plugins new NAME`
enum NewPluginAction {
  private static let languages = PluginProject.Language.allCases.map(\.rawValue)
  static let options: [Option] = [
    .value("language", languages.joined(separator: "|"), "new: what the plugin is written in; required"),
    .value("output", "DIR", "new: the folder to make (default: NAME)"),
  ]

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    guard arguments.operands.count == 2 else {
      throw UsageError("which name? lathe plugins new NAME --language c")
    }
    let name = arguments.operands[1]
    guard PluginProject.isValid(name: name) else {
      throw UsageError(
        "\"\(name)\" cannot be a name; use lower-case letters and digits, with single hyphens or dots between "
          + "words, as in your-name.my-method")
    }
    guard let word = arguments["language"] else {
      throw UsageError(
        "--language is missing; say what the plugin is written in: \(languages.joined(separator: ", "))")
    }
    guard let language = PluginProject.Language(rawValue: word) else {
      throw UsageError(
        "--language is \(word); it must be one of \(languages.joined(separator: ", "))")
    }
    if let taken = try? PluginSearch(explicit: arguments.all("plugin")).strategy(name) {
      throw UsageError(
        "\(name) is already a strategy, of \(taken.0.path); choose another name")
    }
    let project = PluginProject(name: name, language: language, checkout: checkout)
    let output = arguments["output"] ?? name
    guard !FileManager.default.fileExists(atPath: output) else {
      throw UsageError("\(output) exists already; choose another --output")
    }
    let folder = try AtomicFolder(output, replaceExisting: false)
    for (path, text) in project.files {
      let file = URL(filePath: folder.path).appending(path: path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    try folder.commit()
    if session.isJSON {
      session.print([
        "folder": .string(folder.finalPath), "files": .array(project.files.map { .string($0.path) }),
        "build": .string(project.build), "library": .string(project.library),
      ])
    } else {
      session.print(
        """
        \(output): \(project.files.map(\.path).joined(separator: ", "))

        next:
          cd \(output)
          \(project.build)
          lathe plugins validate \(project.library)
        """)
    }
    return .done
  }

  /// The checkout that this program was built in, or the folder beside the project where it was not.
  private static var checkout: String {
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    var folder = URL(filePath: program).deletingLastPathComponent()
    while folder.path != "/" {
      let kit = folder.appending(path: "Sources/PluginAPI/Kit").path
      if FileManager.default.fileExists(atPath: kit) { return folder.path }
      folder.deleteLastPathComponent()
    }
    return "../lathe"
  }
}
