import { Command } from "commander";
import { ModelError } from "../../../detectors/detector.ts";
import { systemClock } from "../../base/clock.ts";
import { ConfigError, EXIT, TransientError } from "../../base/errors.ts";
import { plainJson, printed } from "../../base/plain-text.ts";
import { OPENS_WITHIN_MS } from "../../camera/rtsp/session.ts";
import { type ConfigProblem, InvalidConfig } from "../../config/invalid-config.ts";
import { DEFAULT_CONFIG_FILES, type LoadedConfig, loadConfig } from "../../config/load.ts";
import { stateDirectory } from "../../state/directory.ts";
import { startCommand } from "../shared/start-command.ts";
import { stateDirectories } from "../shared/state-directories.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";
import { describeConfig } from "./describe-config.ts";
import type { Advice, CheckResult } from "./finding.ts";
import { type Part, partsOf, type Trials } from "./parts.ts";
import { runningAgents } from "./running-agent.ts";
import { foldersOfUnit } from "./unit-folders.ts";
import { type Checked, verdictOf } from "./verdict.ts";

const EXAMPLES = `
Examples:
  sabrewing check                     check the installed configuration
  sabrewing check -c sabrewing.yml    check a configuration before you install it
  sabrewing check --json              print a JSON line per component: {part, ok, message, remedy}

The command uses everything that \`sabrewing run\` uses: it opens each camera, writes into the folders, listens on the ports, and
publishes a retained message that the broker must return; then it removes the message. The last line is a verdict.

With --json, the line of a working camera also has stream: {codec, width, height, fps, key_frame_seconds, transport, video_track,
video_tracks, audio, login, first_frame_seconds, idle, idle_reason}, and advice: [{message, remedy}] if you should change
something. width and height are those of upright frames with square pixels; idle is keyframes or all: the
frames that are decoded while nothing moves. The line of the model has speed: {inference_ms, instances, requested_fps,
possible_fps}.

Exit code: 0 if everything works, 75 if every failure may be temporary, 78 if you must change something.`;

/** `sabrewing check`: checks the configuration and every component that it names. */
export function checkCommand(): Command {
  return new Command("check")
    .description("checks every component and says how to fix each failure")
    .option(
      "-c, --config <file>",
      "configuration file (default: /etc/sabrewing/sabrewing.yml, else ./sabrewing.yml)",
    )
    .option("--json", "print a JSON line per component", false)
    .addHelpText("after", EXAMPLES)
    .action(async ({ config, json }: { readonly config?: string; readonly json: boolean }) => {
      using interrupted = untilInterrupted();
      const results: CheckResult[] = [];
      const print = (text: string) => {
        if (!interrupted.signal.aborted) process.stdout.write(printed(text));
      };
      const checked = await check(config, interrupted.signal, (result) => {
        print(json ? plainJson(forScripts(result)) : forPeople(result));
        results.push(result);
      });
      if (interrupted.signal.aborted) return;
      if (!json) print(`\n${verdictOf(results, checked)}`);
      process.exitCode = exitCodeOf(results);
    });
}

/**
 * Checks the configuration, then, if it is valid, all components in parallel.
 * @param report receives the results in the order of the parts
 * @returns undefined if the configuration has mistakes
 */
async function check(
  configFile: string | undefined,
  signal: AbortSignal,
  report: (result: CheckResult) => void,
): Promise<Checked | undefined> {
  let loaded: LoadedConfig | undefined;
  const trial = async () => {
    loaded = loadConfig(configFile, process.env);
    return describeConfig(loaded);
  };
  report(await resultOf({ name: "configuration", trial }));
  if (loaded === undefined) return undefined;
  const trials = await trialsOf(loaded, signal);
  const results = partsOf(loaded.config, trials).map(resultOf);
  for (const result of results) report(await result);
  return { start: startCommand(loaded.file), isRunning: trials.agents.some(({ isOurs }) => isOurs) };
}

async function trialsOf({ config, file }: LoadedConfig, signal: AbortSignal): Promise<Trials> {
  const unit = file === DEFAULT_CONFIG_FILES[0] ? await foldersOfUnit("sabrewing", signal) : undefined;
  const folders = config.state_dir === undefined ? stateDirectories(file, process.env) : [config.state_dir];
  return {
    clock: systemClock,
    signal,
    cameraWithinMs: OPENS_WITHIN_MS,
    stateDirectory: config.state_dir ?? unit?.stateDirectory ?? stateDirectory(undefined, process.env),
    stateDirectories: folders,
    agents: await runningAgents(folders, file, signal),
    unit,
  };
}

async function resultOf({ name, trial }: Part): Promise<CheckResult> {
  try {
    return { part: name, finding: await trial(), error: undefined };
  } catch (error) {
    const isExpected =
      error instanceof ConfigError || error instanceof TransientError || error instanceof ModelError;
    if (!isExpected) throw error;
    return { part: name, finding: undefined, error };
  }
}

/** 0: no failure; 75: temporary failures only; 78: other failures. */
function exitCodeOf(results: readonly CheckResult[]): number {
  const errors = results.map(({ error }) => error).filter((error) => error !== undefined);
  if (errors.length === 0) return EXIT.ok;
  return errors.every((error) => error instanceof TransientError) ? EXIT.transient : EXIT.config;
}

/** A line per component, followed by details and advice, or by the remedy if it failed. */
export function forPeople({ part, finding, error }: CheckResult): string {
  const name = part.padEnd(16);
  if (error !== undefined) return `✗ ${name} ${error.message}\n  → ${error.remedy}`;
  const { words = "", details = [], advice = [] } = finding ?? {};
  const advised = advice.flatMap(({ message, remedy }) => [`! ${message}`, `→ ${remedy}`]);
  return [`✓ ${name} ${words}`, ...[...details, ...advised].map((line) => `  ${line}`)].join("\n");
}

/** The same for `--json`. */
function forScripts({ part, finding, error }: CheckResult): {
  readonly part: string;
  readonly ok: boolean;
  readonly message: string | undefined;
  readonly remedy?: string;
  readonly problems?: readonly ConfigProblem[];
  readonly advice?: readonly Advice[];
} {
  if (error === undefined) {
    const { words, advice = [], facts = {} } = finding ?? {};
    return { part, ok: true, message: words, ...facts, ...(advice.length === 0 ? {} : { advice }) };
  }
  const problems = error instanceof InvalidConfig ? { problems: error.problems } : {};
  return { part, ok: false, message: error.message, remedy: error.remedy, ...problems };
}
