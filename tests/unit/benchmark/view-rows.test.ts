import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { listeningPorts } from "../../../scripts/benchmark/view/cost.ts";
import { costRows, pageRows } from "../../../scripts/benchmark/view/rows.ts";

const TIMES = { firstPaint: 400, live: 900, video: 2_000, history: 300 };

test("the rows of the page are medians, and one above its limit is not ok", () => {
  const rows = pageRows(
    [TIMES, { ...TIMES, firstPaint: 1_100 }, { ...TIMES, firstPaint: 1_200, history: 9_000 }],
    "history opened",
  );
  expect(rows.map(({ row, value, ok }) => [row.split(" ")[0], value, ok])).toEqual([
    ["first", 1_100, false],
    ["live,", 900, true],
    ["video,", 2_000, true],
    ["history", 300, true],
  ]);
});

test("a disabled view may listen on no port and write no history; an enabled one has limits", () => {
  const oks = (ports: number, hasHistory: boolean, memoryMb: number, cpuPercent: number) =>
    costRows({ ports, hasHistory }, { memoryMb, cpuPercent }).map(({ ok }) => ok);
  expect(oks(0, false, 5, -1)).toEqual([true, true, true, true]);
  expect(oks(1, true, 5.1, 2.1)).toEqual([false, false, false, false]);
});

test("the ports are those on which the process listens", async () => {
  const before = listeningPorts(process.pid);
  await using server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  expect(listeningPorts(process.pid)).toBe(before + 1);
});
