import type { ModelError } from "../../../detectors/detector.ts";
import type { ConfigError, TransientError } from "../../base/errors.ts";

/** The result of checking a component that works. */
export interface Finding {
  /** A short description of the component. */
  readonly words: string;
  /** Further lines. */
  readonly details?: readonly string[];
  /** Recommended changes. */
  readonly advice?: readonly Advice[];
  /** For scripts, by name. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface Advice {
  readonly message: string;
  readonly remedy: string;
}

/** The result of checking one component. */
export interface CheckResult {
  readonly part: string;
  /** undefined if the check failed. */
  readonly finding: Finding | undefined;
  readonly error: ConfigError | TransientError | ModelError | undefined;
}
