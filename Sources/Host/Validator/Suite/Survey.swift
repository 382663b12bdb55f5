import Foundation
import ModelIO
import PluginHost

/// Why `--set` cannot be followed.
public struct SettingFault: Error, CustomStringConvertible {
  public let description: String
}

extension Validation {
  /// Looks at the library in a child before any case: holds what is given for parameters against their declarations,
  /// and finds out what each strategy is to be put to the test on. A child that ends early leaves the rest as usual.
  public mutating func survey() throws(SettingFault) {
    let isAboutRuns = cases.contains { if case .strategy = $0.subject { true } else { false } }
    guard isAboutRuns || !settings.given.isEmpty else { return }
    let words = [path, "--survey", isAboutRuns ? "subjects" : "parameters"] + settings.words
    for line in CaseProcess.lines(words, limit: limit, isCancelled) {
      guard let json = try? JSON(parsing: String(line)) else { continue }
      if let problem = json["problem"]?.stringValue { throw SettingFault(description: problem) }
      if let id = json["strategy"]?.stringValue, let text = json["subject"]?.stringValue {
        settings.subjects[id] = Subject(text: Substring(text))
      }
    }
  }

  /// In a child: a line with what is wrong with the parameters, or one for each strategy, as soon as it is known.
  public static func runSurvey(_ what: String, path: String, settings: RunSettings) {
    func tell(_ members: JSON) {
      let line = members.text(indent: nil) + "\n"
      _ = line.withCString { write(CaseProcess.resultFile, $0, strlen($0)) }
    }
    do throws(CaseFault) {
      let bench = FileBench(path: path, settings: settings)
      let strategies = try bench.module().strategies()
      if let problem = problem(settings.given, path: path, strategies) {
        tell(["problem": .string(problem)])
        _exit(0)
      }
      for strategy in strategies where what == "subjects" {
        do throws(CaseFault) { try strategy.checkUsable() } catch { continue }
        guard let subject = StrategyBench(strategy: strategy, file: bench).findSubject() else { continue }
        tell(["strategy": .string(strategy.id), "subject": .string(subject.text)])
      }
    } catch {}
    _exit(0)
  }

  /// What is wrong with `given`; nil also where the descriptors are, which is for the cases to say.
  private static func problem(
    _ given: [String: String], path: String, _ strategies: [StrategyUnderTest]
  ) -> String? {
    guard !given.isEmpty, let library = try? PluginLibrary(path: path) else { return nil }
    do throws(PluginHostError) { try ParameterValues.check(given, for: library.strategies) } catch {
      return "\(error)"
    }
    // What only one of the two readers understands would be left out silently.
    for strategy in strategies {
      for parameter in strategy.parameters {
        guard let text = given[parameter.key] else { continue }
        do { _ = try parameter.value(of: text) } catch {
          return
            "parameter \"\(parameter.key)\" of strategy \"\(strategy.id)\" is \"\(text)\"; it must be \(error.wanted)"
        }
      }
    }
    return nil
  }
}
