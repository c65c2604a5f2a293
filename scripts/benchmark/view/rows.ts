import { median } from "../../../agent/base/numbers.ts";
import type { ExtraCost } from "./cost.ts";
import type { PageTimes } from "./pages.ts";

/** A line of `bench:view --json`. */
export interface ViewRow {
  readonly row: string;
  readonly value: number;
  readonly at_most: number;
  readonly ok: boolean;
}

/**
 * The rows of the page: medians.
 * Video starts with a key frame: its limit leaves the camera a second to send one.
 * @param historyOpened what the row of the history is called
 */
export function pageRows(times: readonly PageTimes[], historyOpened: string): readonly ViewRow[] {
  const milliseconds = (key: keyof PageTimes) => Math.round(median(times.map((one) => one[key])));
  return [
    rowOf("first paint, ms", milliseconds("firstPaint"), 1_000),
    rowOf("live, ms", milliseconds("live"), 3_000),
    rowOf("video, ms", milliseconds("video"), 4_000),
    rowOf(`${historyOpened}, ms`, milliseconds("history"), 1_000),
  ];
}

/** The rows of an agent whose view is disabled, and of one whose view nobody has open. */
export function costRows(
  disabled: { readonly ports: number; readonly hasHistory: boolean },
  { memoryMb, cpuPercent }: ExtraCost,
): readonly ViewRow[] {
  return [
    rowOf("view disabled: listening TCP ports", disabled.ports, 0),
    rowOf("view disabled: event histories on disk", disabled.hasHistory ? 1 : 0, 0),
    rowOf("view enabled, closed: more memory, MB", Number(memoryMb.toFixed(1)), 5),
    rowOf("view enabled, closed: more CPU, %", Number(cpuPercent.toFixed(1)), 2),
  ];
}

function rowOf(row: string, value: number, atMost: number): ViewRow {
  return { row, value, at_most: atMost, ok: value <= atMost };
}
