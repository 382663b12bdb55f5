import Foundation
import LinearAlgebra
import Pipeline
import PluginHost

/// The command line.
@main
enum Lathe {
  static var commands: [any Command.Type] {
    [
      CompressCommand.self, PlanCommand.self, EvalCommand.self, GenerateCommand.self, TokenizeCommand.self,
      InspectCommand.self, CompareCommand.self, VerifyCommand.self, ExportCommand.self, PluginsCommand.self,
      DoctorCommand.self,
    ]
  }

  static func main() {
    ProcessSetup.apply()
    if PluginWorker.isWanted { exit(PluginWorker.run()) }
    Interruption.install()
    let output = ResultOutput()
    var status = run(CommandLine.arguments.dropFirst(), output)
    if let reason = output.failure { status = fail("standard output cannot be written: \(reason)", .failed) }
    exit(status.rawValue)
  }

  private static func run(_ words: ArraySlice<String>, _ output: ResultOutput) -> ExitStatus {
    var words = words
    guard let name = words.popFirst(), !["--help", "-h", "help"].contains(name) || !words.isEmpty else {
      output.write(help + "\n")
      return .done
    }
    if name == "--version" {
      output.write("lathe \(LatheVersion.current)\n")
      return .done
    }
    let wanted = name == "help" ? words.popFirst() ?? "" : name
    guard let command = commands.first(where: { $0.name == wanted }) else {
      let nearest = Suggestion.nearest(to: wanted, in: commands.map { $0.name })
      return fail("unknown command \"\(wanted)\"\(nearest); see `lathe --help`", .usage)
    }
    if name == "help" || words.contains("--help") || words.contains("-h") {
      output.write(command.help + "\n")
      return .done
    }
    let arguments: Arguments
    do { arguments = try Arguments(words, for: command) } catch {
      return fail(error.sentence(about: command), .usage)
    }
    do {
      let session = try Session(arguments, output)
      defer { session.display.clear() }
      // What is finished is finished, also when Ctrl-C comes with the last step.
      let status = try command.run(arguments, session)
      return status == .interrupted ? fail(command.interruption(arguments), status) : status
    } catch let error as UsageError {
      return fail(error.sentence(about: command), .usage)
    } catch PipelineError.furtherOutput(let main, _) where Interruption.wasRequested {
      return fail("interrupted; \(main) is complete, its further outputs are not", .interrupted)
    } catch {
      if Interruption.wasRequested { return fail(command.interruption(arguments), .interrupted) }
      return fail("\(error)", .failed)
    }
  }

  private static func fail(_ text: String, _ status: ExitStatus) -> ExitStatus {
    try? FileHandle.standardError.write(
      contentsOf: Data("lathe: \(text.printable(keepsLines: true, atMost: 8192))\n".utf8))
    return status
  }

  private static var help: String {
    let width = (commands.map { $0.name.count }.max() ?? 0) + 2
    let lines = commands.map { "  " + $0.name.padding(to: width) + $0.summary }
    return """
      Lathe makes trained language models smaller, by chains of strategies loaded as plugins.

      usage: lathe COMMAND [options]

      \(lines.joined(separator: "\n"))

      `lathe COMMAND --help` tells more. Results go to standard output, progress and errors to standard error.
      Exit status: 0 done, 1 failed, 2 wrong use, 3 a check found a difference, 130 interrupted.
      """
  }
}
