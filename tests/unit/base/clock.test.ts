import { expect, test } from "vitest";
import { systemClock } from "../../../agent/base/clock.ts";

test("sleep ends at once without an error when aborted", async () => {
  const stop = new AbortController();
  const asleep = systemClock.sleep(3_600_000, stop.signal);
  stop.abort();
  await expect(asleep).resolves.toBeUndefined();
  await expect(systemClock.sleep(3_600_000, stop.signal)).resolves.toBeUndefined();
});
