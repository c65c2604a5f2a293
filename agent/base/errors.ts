/**
 * Exit codes of every command (sysexits.h). systemd does not restart on `config`. `different` is that of diff and grep: all
 * went well, and the answer is no.
 */
export const EXIT = { ok: 0, different: 1, usage: 64, bug: 70, transient: 75, config: 78 } as const;

/** Something the user gave cannot work until they change it. Exit code 78. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** What the user can do about it, one sentence. */
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** Something outside failed and may work later: retry with backoff. Exit code 75 where a command gives up. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** The words on the command line make no sense. Exit code 64. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly remedy: string;

  constructor(message: string, remedy = "sabrewing --help lists the commands and their options.") {
    super(message);
    this.remedy = remedy;
  }
}
