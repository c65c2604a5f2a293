import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    exclude: ["tests/long/**", "tests/arm64/**", "node_modules/**"],
    // V8 loses count of its pages of code where one process compiles and drops modules in several threads all the time, and
    // aborts ("Check failed: jit_page.has_value()", nodejs/node#64500): on CPUs with protection keys, once in some runs.
    execArgv: ["--no-memory-protection-keys"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
