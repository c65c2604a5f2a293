import { defineConfig } from "vitest/config";

/** An emulated CPU is ten to fifty times slower. This limit only stops tests that hang. */
const HALF_AN_HOUR_MS = 30 * 60_000;

export default defineConfig({
  test: {
    include: ["tests/arm64/**/*.test.ts"],
    testTimeout: HALF_AN_HOUR_MS,
    hookTimeout: HALF_AN_HOUR_MS,
  },
});
