import {
  type ChildProcessWithoutNullStreams,
  type SpawnOptionsWithoutStdio,
  spawn,
} from "node:child_process";
import { accessSync, constants, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { errorCode } from "../base/error-code.ts";
import { ConfigError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import { type FfmpegEnd, withErrorWords } from "./ffmpeg-end.ts";

/** The program is not installed: no camera can work, and a retry cannot help. */
export class FfmpegMissing extends ConfigError {}

/** One ffmpeg (or ffprobe) process. Leaving its scope ends it. */
export interface FfmpegRun extends AsyncDisposable {
  /** Its standard output. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when the process has exited and all its output has been read. */
  readonly ended: Promise<FfmpegEnd>;
  /** The next line of standard error that matches; undefined if the process ends first. */
  waitForLine(pattern: RegExp): Promise<string | undefined>;
  /** Calls the listener with each further line of standard error as ffmpeg wrote it. */
  onLine(listener: (line: string) => void): void;
  /** Asks the process to exit, and kills it if it does not. Returns at once; `ended` resolves when it has exited. */
  stop(): void;
}

/** Leaves ffmpeg time to release a hardware decoder. */
const STOP_GRACE_MS = 1000;
const KEPT_LINES = 20;
/** Characters. A line may quote text from a clip. */
const LONGEST_LINE = 300;
/** `[rtsp @ 0x55d1524954c0] `: the component of ffmpeg and its memory address. */
const COMPONENT = /^(?:\[\S+ @ 0x[0-9a-f]+\] )+/;
/** `[info] `, if `-loglevel` includes `level`. */
const LEVEL = /^\[([a-z]+)\] /;
const IGNORED_LEVELS: readonly (string | undefined)[] = ["warning", "info"];

/**
 * Starts ffmpeg or ffprobe without a shell and without standard input. An aborted signal stops it.
 * @param program `ffmpeg`, `ffprobe` or a path to one of them.
 * @param memoryMb the limit for its data in 10⁶ bytes (RLIMIT_DATA: private writable memory, touched or not). Code and
 * shared libraries need another 40 MB. A limit on address space would not work: ffmpeg reserves far more than it uses.
 * Undefined: it decodes no outside data, no limit.
 * @throws FfmpegMissing (from `ended`) if the program does not exist.
 */
export function startFfmpeg(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  memoryMb?: number,
): FfmpegRun {
  const child = spawnFfmpeg(program, args, memoryMb);
  child.stdin.end();
  return supervise(program, child, signal);
}

/** An ffmpeg process that reads a stream from standard input. */
export interface FedFfmpegRun extends FfmpegRun {
  /** Its standard input. Writing never fails; if ffmpeg stops reading, see `ended`. */
  readonly input: Writable;
}

/** Starts ffmpeg like `startFfmpeg`, but keeps its standard input open for writing. */
export function startFedFfmpeg(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  memoryMb?: number,
): FedFfmpegRun {
  const child = spawnFfmpeg(program, args, memoryMb);
  return { ...supervise(program, child, signal), input: child.stdin };
}

/** When memory runs out, the kernel kills a child before the agent (proc(5), oom_score_adj: −1000 to 1000). */
const OOM_SCORE = 500;

function spawnFfmpeg(
  program: string,
  args: readonly string[],
  memoryMb: number | undefined,
): ChildProcessWithoutNullStreams {
  const options: SpawnOptionsWithoutStdio = { stdio: "pipe", env: environmentOf(process.env) };
  // prlimit sets the limit and then executes the program, so the limit always applies. A missing program is started
  // directly, so that the error names the program and not prlimit.
  const child =
    memoryMb === undefined || !isInstalled(program)
      ? spawn(program, args, options)
      : spawn("prlimit", [`--data=${memoryMb * 1e6}`, "--", program, ...args], options);
  // A program that exits without reading its input breaks the pipe. Its exit code and error lines say why.
  child.stdin.on("error", () => {});
  if (child.pid !== undefined) raiseOomScore(child.pid);
  return child;
}

function raiseOomScore(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(OOM_SCORE));
  } catch {
    // The process has exited already, or this is not Linux.
  }
}

/** @throws FfmpegMissing if it is neither the path of a program nor the name of one in PATH */
export function requireProgram(program: string): void {
  if (!isInstalled(program)) throw missing(program);
}

function isInstalled(program: string): boolean {
  const folders = program.includes("/") ? [""] : (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(folder === "" ? program : join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function missing(program: string, cause?: Error): FfmpegMissing {
  return new FfmpegMissing(`${program} is not installed (or not in PATH)`, "Install it: apt install ffmpeg", {
    cause,
  });
}

function supervise(program: string, child: ChildProcessWithoutNullStreams, signal: AbortSignal): FfmpegRun {
  const lines: string[] = [];
  const log = createInterface({ input: child.stderr }).on("line", (written) => {
    const line = written.replace(COMPONENT, "");
    if (IGNORED_LEVELS.includes(LEVEL.exec(line)?.[1])) return;
    lines.push(plainText(withErrorWords(line.replace(LEVEL, "")), LONGEST_LINE));
    if (lines.length > KEPT_LINES) lines.shift();
  });

  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    if (killing !== undefined) return;
    child.kill("SIGTERM");
    killing = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
  };

  const ended = new Promise<FfmpegEnd>((resolve, reject) => {
    child.once("error", (error) => reject(explainStart(program, error)));
    child.once("close", (code, signal) => resolve({ code, signal, errorLines: lines }));
  }).finally(() => {
    clearTimeout(killing);
    signal.removeEventListener("abort", stop);
  });
  // A caller may read the output before it awaits `ended`: until then the rejection must not count as unhandled.
  ended.catch(() => {});
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });

  return {
    output: child.stdout,
    ended,
    waitForLine(pattern) {
      return new Promise((resolve) => {
        const listen = (line: string) => {
          if (!pattern.test(line)) return;
          log.off("line", listen);
          resolve(line);
        };
        log.on("line", listen).once("close", () => resolve(undefined));
      });
    },
    onLine: (listener) => void log.on("line", listener),
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) stop();
      // Unread output would block the process in write() and keep the pipe open.
      child.stdout.destroy();
      await ended.catch(() => {});
    },
  };
}

/**
 * The variables that ffmpeg needs; those of LIBVA choose the driver of a hardware decoder. The agent's environment may contain
 * passwords, which ffmpeg must not receive.
 */
const PASSED_ON = [
  ...["PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"],
  ...["LIBVA_DRIVER_NAME", "LIBVA_DRIVERS_PATH"],
];

function environmentOf(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(PASSED_ON.map((name) => [name, env[name]]));
}

function explainStart(program: string, error: Error): Error {
  if (errorCode(error) === "ENOENT") {
    if (!isInstalled(program)) return missing(program, error);
    return new ConfigError(
      `prlimit, which limits the memory of ${program}, is not installed (or not in PATH)`,
      "Install it: apt install util-linux",
      { cause: error },
    );
  }
  return new ConfigError(`${program} cannot be started: ${error.message}`, "Check its permissions.", {
    cause: error,
  });
}
