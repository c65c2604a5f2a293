import { defineConfig } from "vitest/config";

/** An emulated CPU takes ten to fifty times as long: what is limited here is only what hangs. */
const HALF_AN_HOUR_MS = 30 * 60_000;

export default defineConfig({
  test: {
    include: ["tests/arm64/**/*.test.ts"],
    testTimeout: HALF_AN_HOUR_MS,
    hookTimeout: HALF_AN_HOUR_MS,
  },
});
