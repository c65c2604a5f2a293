import { expect, test } from "vitest";
import { createSignal } from "../../../agent/base/signal.ts";

const never = new AbortController().signal;

test("a signal raised before the wait is kept, and two count as one", async () => {
  const signal = createSignal();
  signal.raise();
  signal.raise();
  expect(await signal.next(never)).toBe(true);
  let again = false;
  const next = signal.next(never).then(() => {
    again = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(again).toBe(false);
  signal.raise();
  await next;
});

test("a wait ends when it is aborted", async () => {
  const stop = new AbortController();
  const waiting = createSignal().next(stop.signal);
  stop.abort();
  expect(await waiting).toBe(false);
  expect(await createSignal().next(stop.signal)).toBe(false);
});
