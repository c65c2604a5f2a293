import { defineConfig } from "vitest/config";

/** Tests that take minutes: `npm run test:long`. One at a time, so that one's load is not another's noise. */
export default defineConfig({
  test: {
    include: ["tests/long/**/*.test.ts"],
    testTimeout: 20 * 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
