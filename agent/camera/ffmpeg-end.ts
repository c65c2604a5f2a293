import { getSystemErrorMap } from "node:util";

/** How a run of ffmpeg ended. */
export interface FfmpegEnd {
  /** Its exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its last error lines, without control characters. */
  readonly errorLines: readonly string[];
}

/** Why a signal ended ffmpeg. */
export interface SignalMeaning {
  /** Continues a sentence: "ffmpeg …". */
  readonly what: string;
  readonly remedy: string;
}

const CRASHES: readonly (NodeJS.Signals | null)[] = [
  "SIGSEGV",
  "SIGBUS",
  "SIGILL",
  "SIGFPE",
  "SIGABRT",
  "SIGTRAP",
];

/** Explains the signal that ended ffmpeg; undefined: it exited by itself. */
export function signalMeaning(signal: FfmpegEnd["signal"]): SignalMeaning | undefined {
  if (signal === null) return undefined;
  if (signal === "SIGKILL") {
    return {
      what: "was killed (SIGKILL), most likely because memory ran out",
      remedy:
        "`journalctl -k` shows whether memory ran out. Use smaller streams or fewer cameras, or give the agent more memory (MemoryMax of the service, or the limit of the container).",
    };
  }
  if (CRASHES.includes(signal)) {
    return {
      what: `crashed (${signal})`,
      remedy:
        "Update ffmpeg (apt upgrade ffmpeg). If it crashes again, use another codec or another stream of the camera.",
    };
  }
  if (signal === "SIGSYS") {
    return {
      what: "made a system call that it is not allowed to make (SIGSYS)",
      remedy: "Allow it in the service or the container (systemctl edit sabrewing: SystemCallFilter=).",
    };
  }
  return {
    what: `was ended by another program (${signal})`,
    remedy: "Check which program on this machine ends ffmpeg. The agent starts it again.",
  };
}

/** `EXT ` → -542398533: ffmpeg makes error codes of four characters (FFERRTAG, libavutil/error.h). */
function tag(characters: string): number {
  return -Buffer.from(characters, "latin1").readUInt32LE();
}

const WORDS: ReadonlyMap<number, string> = new Map([
  [tag("EXT "), "a library that ffmpeg uses has failed"],
  [tag("INDA"), "invalid data"],
  [tag("PAWE"), "not implemented in ffmpeg"],
  [tag("UNKN"), "unknown error"],
  [tag("BUG!"), "a bug in ffmpeg"],
  [tag("BUG "), "a bug in ffmpeg"],
  [tag("EOF "), "end of the data"],
  [tag("EXIT"), "ffmpeg was asked to exit"],
  [tag("\xf8DEC"), "decoder not found"],
  [tag("\xf8FIL"), "filter not found"],
  [tag("\xf8OPT"), "option not found"],
  [tag("\xf8PRO"), "protocol not found"],
]);
/** Other numbers have fewer digits: `Device creation failed: -542398533.` */
const ERROR_TAG = /-\d{9,10}\b/g;
/** Here ffmpeg prints the number of a system error. */
const SYSTEM_ERROR = /(?<=^Device creation failed: )-\d{1,3}\b/;

/** Replaces the error numbers in a line of ffmpeg by words. */
export function withErrorWords(line: string): string {
  return line
    .replace(ERROR_TAG, (number) => WORDS.get(Number(number)) ?? number)
    .replace(SYSTEM_ERROR, (number) => getSystemErrorMap().get(Number(number))?.[1] ?? number);
}
