import type { DetectorFaultKind } from "./contract.ts";
import { plainLines, plainText } from "./plain-text.ts";

/** Limit of a message in characters: it may list every layer that cannot be compiled, but not quote a whole file. */
const MAX_MESSAGE = 20_000;
/** Limit of one line of the list. */
const MAX_LINE = 500;
/** Limit of a fault's message, which may quote the module's standard error. */
const MAX_FAULT = 2_000;

/** A ModelError's cause and list. */
export interface ModelErrorOptions extends ErrorOptions {
  /** Shown below the message, one entry per line. */
  readonly list?: readonly string[];
}

/**
 * A model, checkpoint or module that cannot be used. Retrying with the same file is useless.
 * The message may quote the file, which comes from outside: characters that control a terminal are replaced, the length
 * is limited, and no name from the file starts a new line.
 */
export class ModelError extends Error {
  override readonly name = "ModelError";
  /** What the user can do about it, one sentence. */
  readonly remedy: string;
  readonly #headline: string;
  readonly #list: readonly string[];

  constructor(message: string, remedy: string, { list = [], ...options }: ModelErrorOptions = {}) {
    const headline = plainText(message, MAX_MESSAGE);
    const whole = [headline, ...list.map((line) => `  ${plainText(line, MAX_LINE)}`)].join("\n");
    super(plainLines(whole, MAX_MESSAGE), options);
    this.remedy = plainText(remedy, MAX_MESSAGE);
    this.#headline = headline;
    this.#list = list;
  }

  /** The same error with the path of the file in front. */
  of(path: string): ModelError {
    return this.with({ message: `${path}: ${this.#headline}` });
  }

  /** The same error behind a sentence. */
  behind(sentence: string): ModelError {
    return this.with({ message: `${sentence} ${this.#headline}` });
  }

  /** The same error with another message above its list, or another remedy. */
  with({
    message = this.#headline,
    remedy = this.remedy,
  }: {
    message?: string;
    remedy?: string;
  }): ModelError {
    return new ModelError(message, remedy, { cause: this, list: this.#list });
  }
}

/**
 * One frame got no reply. The detector restarts itself; the caller continues with the next frame. The message may quote
 * the module, so it is one line of plain text.
 */
export class DetectorFault extends Error {
  override readonly name = "DetectorFault";
  readonly kind: DetectorFaultKind;

  constructor(kind: DetectorFaultKind, message: string, options?: ErrorOptions) {
    super(plainText(message, MAX_FAULT), options);
    this.kind = kind;
  }
}
