import { defineConfig } from "vitest/config";

/** Tests that take minutes: `npm run test:long`. They run one at a time, so that they do not disturb each other. */
export default defineConfig({
  test: {
    include: ["tests/long/**/*.test.ts"],
    testTimeout: 20 * 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
