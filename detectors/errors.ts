import { plainLines, plainText } from "./plain-text.ts";

/** The most characters of a message: it may list every layer that cannot be compiled, but not quote a whole file. */
const LONGEST_MESSAGE = 20_000;
/** The most characters of one line of what it lists. */
const LONGEST_LINE = 500;
/** A fault has one reason; the module's last words may be in it. */
const LONGEST_FAULT = 2_000;

/** A ModelError's cause, and what it lists. */
export interface ModelErrorOptions extends ErrorOptions {
  /** Shown below the message, one a line. */
  readonly list?: readonly string[];
}

/**
 * A model, checkpoint or module that cannot be used. Trying again with the same file is useless.
 * Its message may quote the file, which comes from outside: characters that steer a terminal are replaced, the length is
 * limited, and no name out of the file begins a line of its own.
 */
export class ModelError extends Error {
  override readonly name = "ModelError";
  /** What the user can do about it, one sentence. */
  readonly remedy: string;
  readonly #headline: string;
  readonly #list: readonly string[];

  constructor(message: string, remedy: string, { list = [], ...options }: ModelErrorOptions = {}) {
    const headline = plainText(message, LONGEST_MESSAGE);
    const whole = [headline, ...list.map((line) => `  ${plainText(line, LONGEST_LINE)}`)].join("\n");
    super(plainLines(whole, LONGEST_MESSAGE), options);
    this.remedy = plainText(remedy, LONGEST_MESSAGE);
    this.#headline = headline;
    this.#list = list;
  }

  /** The same error, which begins with the name of the file. */
  of(path: string): ModelError {
    return new ModelError(`${path}: ${this.#headline}`, this.remedy, { cause: this, list: this.#list });
  }
}

/**
 * How a running detector failed. Each costs the one frame in flight:
 * `deadline` no reply in time · `trap` WebAssembly trapped · `exit` the module ended · `garbage` a reply that breaks
 * the protocol · `oversized` more bytes than a reply may have · `unavailable` it is being started again.
 */
export type DetectorFaultKind = "deadline" | "trap" | "exit" | "garbage" | "oversized" | "unavailable";

/**
 * One frame got no answer. The detector looks after itself; the caller goes on with the next frame. The message may quote
 * the module, so it is one plain line.
 */
export class DetectorFault extends Error {
  override readonly name = "DetectorFault";
  readonly kind: DetectorFaultKind;

  constructor(kind: DetectorFaultKind, message: string, options?: ErrorOptions) {
    super(plainText(message, LONGEST_FAULT), options);
    this.kind = kind;
  }
}
