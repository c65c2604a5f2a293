import {
  type ChildProcessWithoutNullStreams,
  type SpawnOptionsWithoutStdio,
  spawn,
} from "node:child_process";
import { accessSync, constants, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { ConfigError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import { withoutCredentials } from "./address.ts";

/** The program is not there: no camera can work, and trying again is useless. */
export class FfmpegMissing extends ConfigError {}

/** How a run ended: its exit code, or null when a signal ended it. */
export interface FfmpegEnd {
  readonly code: number | null;
}

/** One ffmpeg (or ffprobe) process. Leaving its scope ends it. */
export interface FfmpegRun extends AsyncDisposable {
  /** What it writes to standard output. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when the process is gone and everything it wrote has been read. */
  readonly ended: Promise<FfmpegEnd>;
  /** The first line from now on that matches; undefined when it ended without one. */
  heard(pattern: RegExp): Promise<string | undefined>;
  /** The last lines it complained in, without credentials. */
  complaints(): readonly string[];
  /** Asks it to end, and kills it when it does not. Returns at once: `ended` tells when it is gone. */
  stop(): void;
}

/** Long enough for ffmpeg to say good-bye to a camera (RTSP TEARDOWN), so that the camera frees its session. */
const STOP_GRACE_MS = 1000;
const KEPT_LINES = 20;
/** Characters kept of a line: it may quote what the camera says. */
const LONGEST_LINE = 500;
/** `[rtsp @ 0x55d1524954c0] `: which part of ffmpeg speaks, and where it lies in memory. */
const COMPONENT = /^(?:\[\S+ @ 0x[0-9a-f]+\] )+/;
/** `[info] `: there where ffmpeg was asked to tell levels. */
const LEVEL = /^\[([a-z]+)\] /;
/** `Status 302: Redirecting to rtsp://…`, before it connects there. */
const REDIRECT = /^(?:\[[a-z]+\] )?Status 3\d\d: Redirecting to /;
const NO_COMPLAINTS: readonly (string | undefined)[] = ["warning", "info"];

/**
 * The memory that a process may have for its data, in 10⁶ bytes (RLIMIT_DATA: private memory that it may write to, touched
 * or not; code and shared libraries, some 40 MB, come on top). Address space would be the wrong measure: ffmpeg reserves
 * far more of it than it uses.
 *
 * A camera of 3840×2160 takes 130 (H.264) to 170 (H.265), decoded in one thread; a clip is decoded in a thread per core,
 * each with frames of its own. A hardware decoder, should one be configured some day, maps the memory of its device and
 * must be started without a limit.
 */
export const MEMORY_MB = { camera: 320, clip: 1500 } as const;

/** What a process decodes that comes from outside. */
export type Decoded = keyof typeof MEMORY_MB;

/**
 * Starts ffmpeg or ffprobe without a shell; an aborted signal stops it.
 * @param program `ffmpeg`, `ffprobe` or a path to one.
 * @param input what it reads from standard input, which then ends. Unlike `args`, other users of the machine cannot see it.
 * @param decodes what its memory is limited for; undefined: it decodes nothing from outside, no limit.
 * @throws FfmpegMissing (from `ended`) when there is no such program.
 */
export function startFfmpeg(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  input = "",
  decodes?: Decoded,
): FfmpegRun {
  const child = spawnFfmpeg(program, args, decodes);
  child.stdin.end(input);
  return supervise(program, child, signal);
}

/** An ffmpeg process that is fed. */
export interface FedFfmpegRun extends FfmpegRun {
  /** Its standard input. Writing to it never fails: `ended` and `complaints` tell when ffmpeg reads no more. */
  readonly input: Writable;
}

/**
 * Starts ffmpeg with a standard input to write to, as `startFfmpeg` otherwise.
 * @throws FfmpegMissing (from `ended`) when there is no such program.
 */
export function startFedFfmpeg(program: string, args: readonly string[], signal: AbortSignal): FedFfmpegRun {
  const child = spawnFfmpeg(program, args);
  return { ...supervise(program, child, signal), input: child.stdin };
}

/** How much likelier than the agent a child is chosen when memory runs out (proc(5), oom_score_adj: −1000 to 1000). */
const OOM_SCORE = 500;

function spawnFfmpeg(
  program: string,
  args: readonly string[],
  decodes?: Decoded,
): ChildProcessWithoutNullStreams {
  const options: SpawnOptionsWithoutStdio = { stdio: "pipe", env: environmentOf(process.env) };
  // prlimit sets the limit and becomes the program: there is never a moment without it. A missing program is to be missed
  // by name.
  const child =
    decodes === undefined || !isInstalled(program)
      ? spawn(program, args, options)
      : spawn("prlimit", [`--data=${MEMORY_MB[decodes] * 1e6}`, "--", program, ...args], options);
  // A program that ends without reading its input breaks the pipe; its exit code and complaints say why.
  child.stdin.on("error", () => {});
  if (child.pid !== undefined) raiseOomScore(child.pid);
  return child;
}

function raiseOomScore(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(OOM_SCORE));
  } catch {
    // It has ended already, or this is no Linux.
  }
}

/** @throws FfmpegMissing where it is neither a path to a program nor the name of one in PATH */
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
  const talk = createInterface({ input: child.stderr }).on("line", (said) => {
    const leveled = said.replace(COMPONENT, "");
    // A camera that has not redirected our own client (see askCamera) redirects ffmpeg: it has user and password with it.
    const isRedirect = REDIRECT.test(leveled);
    if (isRedirect) child.kill("SIGKILL");
    else if (NO_COMPLAINTS.includes(LEVEL.exec(leveled)?.[1])) return;
    const line = leveled.replace(LEVEL, "");
    // Says nothing but the address, which some cameras want a password in the path of; why stands in another line.
    if (line.startsWith("Impossible to open '")) return;
    lines.push(plainText(withoutCredentials(line), LONGEST_LINE));
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
    child.once("close", (code) => resolve({ code }));
  }).finally(() => {
    clearTimeout(killing);
    signal.removeEventListener("abort", stop);
  });
  // Whoever reads the output first and asks for `ended` later must not find the process crashed by then.
  ended.catch(() => {});
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });

  return {
    output: child.stdout,
    ended,
    heard(pattern) {
      return new Promise((resolve) => {
        const listen = (line: string) => {
          if (!pattern.test(line)) return;
          talk.off("line", listen);
          resolve(line);
        };
        talk.on("line", listen).once("close", () => resolve(undefined));
      });
    },
    complaints: () => lines,
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) stop();
      // Unread output would keep the process waiting in write() and the pipe open.
      child.stdout.destroy();
      await ended.catch(() => {});
    },
  };
}

/** What ffmpeg needs to find itself, name servers and time. The agent's passwords may stand in its own environment. */
const PASSED_ON = ["PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"] as const;

function environmentOf(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(PASSED_ON.map((name) => [name, env[name]]));
}

function explainStart(program: string, error: Error): Error {
  if ("code" in error && error.code === "ENOENT") {
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
