/** The part of vitest's JSON report that says which tests were skipped. */
export interface TestReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly TestResult[];
  }[];
}

interface TestResult {
  readonly title: string;
  /** The titles around it and its own. */
  readonly fullName: string;
  readonly status: string;
}

/**
 * Tests that may be skipped where all material is present, by title, and what they need of the machine. All others are
 * skipped for missing material: weights, clips, photographs, ONNX's tests, or a program such as mosquitto or Chromium.
 */
export const ALLOWED_SKIPS: Readonly<Record<string, string>> = {
  "is unusable if the folder is not writable": "a user other than root",
  "refuses a folder that this user may not write to": "a user other than root",
  "refuses a read-only file system": "a user that may mount file systems",
  "finds a full disk, and warns of one that is nearly full": "a user that may mount file systems",
  "a camera that answers the search is found among invalid answers": "a network other than loopback",
};

/** @returns full names of the skipped tests that are not in the list */
export function forbiddenSkips(
  report: TestReport,
  allowed: Readonly<Record<string, string>> = ALLOWED_SKIPS,
): string[] {
  return report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status, title }) => !["passed", "failed"].includes(status) && !Object.hasOwn(allowed, title))
    .map(({ fullName }) => fullName);
}
