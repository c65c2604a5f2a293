/**
 * Runs lint, types and every test in this order, and goes on when one fails. Lint and each type check count as one in the
 * last line. With SABREWING_MATERIAL=required a test that is skipped counts as failed, except those that
 * scripts/testing/skipped-tests.ts allows.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forbiddenSkips, type TestReport } from "./testing/skipped-tests.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that is counted. */
interface VitestReport extends TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
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

function runVitest(args: readonly string[]): Counts {
  const reportPath = join(folder, "vitest.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  const ok = runTool(["vitest", "run", ...reporters, ...args]);
  const report = readReport(reportPath);
  if (report === undefined) {
    console.log("✗ vitest exited without a report");
    return { ...NOTHING, failed: 1 };
  }
  // A file that fails before its first test has no test to count: the file counts as one.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  const forbidden = process.env.SABREWING_MATERIAL === "required" ? forbiddenSkips(report) : [];
  for (const name of forbidden) console.log(`✗ skipped, but SABREWING_MATERIAL=required: ${name}`);
  return {
    passed: report.numPassedTests,
    // vitest also fails for errors outside tests, for example an unhandled rejection.
    failed: (ok || failed > 0 ? failed : 1) + forbidden.length,
    skipped: report.numPendingTests + report.numTodoTests - forbidden.length,
  };
}

function readReport(path: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as VitestReport;
  } catch {
    return undefined;
  }
}

/** Runs a tool of node_modules, shows its output and gives it no input; true when it exits with 0. */
function runTool(command: readonly string[]): boolean {
  const [tool, ...args] = command;
  const result = spawnSync(join("node_modules", ".bin", tool ?? ""), args, {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return result.status === 0;
}
