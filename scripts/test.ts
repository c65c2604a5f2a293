/**
 * Lint, types and every test, in this order, all of them even when one fails. The last line counts: lint and each kind of
 * types are one.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that is counted. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };

const tools = {
  lint: ["biome", "check", "."],
  types: ["tsc"],
  // The page of the live view runs in browsers, which offer other things than Node does.
  "types of the page": ["tsc", "-p", "agent/view/page"],
} as const;
const folder = mkdtempSync(join(tmpdir(), "sabrewing-test-"));
try {
  const checks = Object.entries(tools).map(([name, command]) => check(name, command));
  const counts = [...checks, runVitest(process.argv.slice(2))];
  const sum = counts.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }),
    NOTHING,
  );
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : "";
  console.log(`\n${sum.passed} passed, ${sum.failed} failed${skipped}`);
  process.exitCode = sum.failed > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}

function check(name: string, command: readonly string[]): Counts {
  const startedMs = Date.now();
  const ok = runTool(command);
  console.log(`${ok ? "✓" : "✗"} ${name} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
  return ok ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 };
}

function runVitest(words: readonly string[]): Counts {
  const reportPath = join(folder, "vitest.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  const ok = runTool(["vitest", "run", ...reporters, ...words]);
  const report = readReport(reportPath);
  if (report === undefined) {
    console.log("✗ vitest ended without a report");
    return { ...NOTHING, failed: 1 };
  }
  // A file that fails before its first test has no test to count: it counts itself.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  return {
    passed: report.numPassedTests,
    // vitest also fails for what belongs to no test, an unhandled rejection for one.
    failed: ok || failed > 0 ? failed : 1,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function readReport(path: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as VitestReport;
  } catch {
    return undefined;
  }
}

/** Runs a tool of node_modules with its output shown and nothing to read; true when it exits 0. */
function runTool(command: readonly string[]): boolean {
  const [tool, ...words] = command;
  const result = spawnSync(join("node_modules", ".bin", tool ?? ""), words, {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return result.status === 0;
}
