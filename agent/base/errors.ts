/**
 * Exit codes of every command (sysexits.h). systemd does not restart the agent after `config`. `different` is used as in
 * diff and grep: the command succeeded, and the answer is no. `interrupted`: the command ended without its answer.
 */
export const EXIT = {
  ok: 0,
  different: 1,
  interrupted: 1,
  usage: 64,
  bug: 70,
  transient: 75,
  config: 78,
} as const;

/** The user's input or configuration is wrong; a retry cannot help. Exit code 78. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** How the user can fix the problem, one sentence. */
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** An external failure that may pass: the agent retries with backoff. Exit code 75 if a command gives up. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** The command line is invalid. Exit code 64. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** Undefined: read the help of the command. */
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.remedy = remedy;
  }
}
