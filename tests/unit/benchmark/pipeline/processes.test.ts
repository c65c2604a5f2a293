import { expect, test } from "vitest";
import {
  descendants,
  parseMachineStat,
  parseProcessStat,
  readMachine,
  readProcesses,
} from "../../../../scripts/benchmark/pipeline/processes.ts";

test("CPU time includes that of ended children, and a process name may contain parentheses", () => {
  const stat =
    "4711 (a) R 1 (b) S 99 4711 4711 0 -1 4194304 100 200 0 0 150 50 20 30 20 0 11 0 12345 1000000 2000 184467440737";
  expect(parseProcessStat(stat)).toEqual({ pid: 4711, parent: 99, cpuSeconds: 2.5, rssBytes: 2000 * 4096 });
});

test("descendants are found in any order of the list", () => {
  const one = (pid: number, parent: number) => ({ pid, parent, cpuSeconds: 0, rssBytes: 0 });
  const all = [one(5, 4), one(1, 0), one(4, 3), one(3, 1), one(2, 1)];
  expect(descendants(all, [3]).map(({ pid }) => pid)).toEqual([5, 4, 3]);
});

test("waiting for a disk does not count as busy", () => {
  const stat = "cpu  100 0 50 800 40 0 5 5 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1\n";
  expect(parseMachineStat(stat)).toEqual({ busy: 160, total: 1000 });
});

test("the figures of this process and its machine can be read", () => {
  const [self] = descendants(readProcesses(), [process.pid]).filter(({ pid }) => pid === process.pid);
  expect(self?.parent).toBe(process.ppid);
  expect(self?.cpuSeconds).toBeGreaterThan(0);
  expect(self?.rssBytes).toBeGreaterThan(1e6);
  expect(readMachine().total).toBeGreaterThan(readMachine().busy);
});
