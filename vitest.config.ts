import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** scripts/test-arm64 asks for more: an emulated CPU is slow. */
const TIMEOUT_MS = Number(process.env.SABREWING_TEST_TIMEOUT_MS ?? 60_000);
const EXCLUDED = ["tests/long/**", "tests/arm64/**", "node_modules/**"];

export default defineConfig({
  test: {
    // V8 miscounts its code pages when one process keeps compiling and dropping modules in several threads, and then aborts
    // ("Check failed: jit_page.has_value()", nodejs/node#64500): rarely, and only on CPUs with protection keys.
    execArgv: ["--no-memory-protection-keys"],
    // Vitest leaves one core free, which is half of a machine with two. Most tests with cameras and brokers wait.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: TIMEOUT_MS,
    hookTimeout: TIMEOUT_MS,
    // `npm run coverage`. Code that runs in child processes is not counted.
    coverage: {
      provider: "v8",
      include: ["agent/**/*.ts", "detectors/**/*.ts"],
      reporter: ["json-summary", "html"],
      reportsDirectory: "out/coverage",
    },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts"],
          // One worker runs many files: a third less time. Unit tests restore what they change in their process (umask).
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "other",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/unit/**", ...EXCLUDED],
        },
      },
    ],
  },
});
