import { expect, test } from "vitest";
import { inModeration } from "../../../agent/base/in-moderation.ts";
import { handClock } from "../../support/time/hand-clock.ts";

function moderated() {
  const clock = handClock();
  const stop = new AbortController();
  const done: string[] = [];
  const ask = inModeration<string>(
    { clock, firstMs: 1_000, longestMs: 4_000, signal: stop.signal },
    (value, replaced) => done.push(`${clock.monotonicMs()} ${value} ${replaced}`),
  );
  return { clock, stop, done, ask };
}

test("the first is done at once, the newest of what follows after a rest", async () => {
  const { clock, done, ask } = moderated();
  for (const value of ["a", "b", "c", "d"]) ask(value);
  expect(done).toEqual(["0 a 0"]);
  await clock.pass(1_000);
  expect(done).toEqual(["0 a 0", "1000 d 2"]);
});

test("whoever goes on asking is heard ever less often, until it pauses", async () => {
  const { clock, done, ask } = moderated();
  for (let ms = 0; ms < 15_000; ms += 100) {
    ask("x");
    await clock.pass(100);
  }
  expect(done.map((line) => line.split(" ")[0])).toEqual(["0", "1000", "3000", "7000", "11000", "15000"]);
  await clock.pass(4_000);
  ask("y");
  ask("z");
  await clock.pass(1_000);
  expect(done.slice(-2)).toEqual(["19000 y 0", "20000 z 0"]);
});

test("who waits at the end has its turn, and nobody after it", async () => {
  const { clock, stop, done, ask } = moderated();
  ask("a");
  ask("b");
  stop.abort();
  ask("c");
  await clock.pass(0);
  ask("d");
  await clock.pass(60_000);
  expect(done).toEqual(["0 a 0", "0 b 0"]);
});
