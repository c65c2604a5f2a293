import { expect, test } from "vitest";
import { hangBell } from "../../../agent/base/bell.ts";

const never = new AbortController().signal;

test("a ring that nobody waited for is not lost, and two count as one", async () => {
  const bell = hangBell();
  bell.ring();
  bell.ring();
  expect(await bell.next(never)).toBe(true);
  let again = false;
  const next = bell.next(never).then(() => {
    again = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(again).toBe(false);
  bell.ring();
  await next;
});

test("whoever waits may give up", async () => {
  const stop = new AbortController();
  const waiting = hangBell().next(stop.signal);
  stop.abort();
  expect(await waiting).toBe(false);
  expect(await hangBell().next(stop.signal)).toBe(false);
});
