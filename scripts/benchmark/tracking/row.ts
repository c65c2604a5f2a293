import { alignColumns } from "../align-columns.ts";
import { eventFigures } from "./event-figures.ts";
import { scoreTracks } from "./mot-metrics.ts";
import type { Observed } from "./observed.ts";
import type { Truth } from "./truth.ts";

/** A line of `--json`. Shares are of 1, times in seconds; null: the tracker has no such figure. */
export interface Row {
  readonly name: string;
  readonly mota: number;
  readonly idf1: number;
  readonly switches: number;
  readonly fragments: number;
  readonly false_positives: number;
  readonly misses: number;
  readonly events: number;
  readonly events_per_object: number;
  readonly new_s: number | null;
  readonly end_s: number | null;
  /** Frames whose count equals the number of valid true boxes, and of all true boxes. */
  readonly count_exact: number;
  readonly count_exact_all: number;
  /** The mean absolute error of the count, against the valid true boxes. */
  readonly count_error: number;
}

/** Frames per second: of the clip, which the truth's frame numbers count, and of the frames analysed. */
export interface Rates {
  readonly clip: number;
  readonly analysed: number;
}

/** The number of the clip's frame that ffmpeg's fps filter passes on at this time: the last one that rounds to it. */
export function clipFrame(seconds: number, { clip, analysed }: Rates): number {
  return Math.ceil(((Math.round(seconds * analysed) + 0.5) * clip) / analysed);
}

/** Compares what a tracker reported with the truth. */
export function compareWithTruth(
  name: string,
  { frames, events }: Observed,
  truth: Truth,
  rates: Rates,
): Row {
  const known = frames
    .map((frame) => ({ ...frame, number: clipFrame(frame.seconds, rates) }))
    .filter(({ number }) => number <= truth.lastFrame)
    .map((frame) => ({ ...frame, truth: truth.boxes.get(frame.number) ?? [] }));
  const score = scoreTracks(known);
  const figures = eventFigures(events, truth, score, rates.clip);
  const errors = known.map((frame) => frame.count - frame.truth.filter(({ isValid }) => isValid).length);
  const errorsOfAll = known.map((frame) => frame.count - frame.truth.length);
  const share = (values: readonly number[]) =>
    values.filter((value) => value === 0).length / Math.max(1, values.length);
  const mean = errors.reduce((sum, error) => sum + Math.abs(error), 0) / Math.max(1, errors.length);
  return {
    name,
    mota: rounded(score.mota, 4),
    idf1: rounded(score.idf1, 4),
    switches: score.switches,
    fragments: score.fragments,
    false_positives: score.falsePositives,
    misses: score.misses,
    events: figures.events,
    events_per_object: rounded(figures.eventsPerObject, 2),
    new_s: figures.newSeconds === undefined ? null : rounded(figures.newSeconds, 2),
    end_s: figures.endSeconds === undefined ? null : rounded(figures.endSeconds, 2),
    count_exact: rounded(share(errors), 4),
    count_exact_all: rounded(share(errorsOfAll), 4),
    count_error: rounded(mean, 3),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

const COLUMNS: readonly (readonly [heading: string, cell: (row: Row) => string])[] = [
  ["", ({ name }) => name],
  ["MOTA", ({ mota }) => percent(mota)],
  ["IDF1", ({ idf1 }) => percent(idf1)],
  ["switches", ({ switches }) => `${switches}`],
  ["fragments", ({ fragments }) => `${fragments}`],
  ["events", ({ events }) => `${events}`],
  ["per object", ({ events_per_object }) => events_per_object.toFixed(2)],
  ["new after", ({ new_s }) => seconds(new_s)],
  ["end after", ({ end_s }) => seconds(end_s)],
  ["count exact", ({ count_exact }) => percent(count_exact)],
  ["of all", ({ count_exact_all }) => percent(count_exact_all)],
  ["count error", ({ count_error }) => count_error.toFixed(2)],
];

/** Formats the rows as a table. */
export function trackingTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => COLUMNS.map(([, cell]) => cell(row)));
  return alignColumns([COLUMNS.map(([heading]) => heading), ...lines], 1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function seconds(value: number | null): string {
  return value === null ? "" : `${value.toFixed(1)} s`;
}
