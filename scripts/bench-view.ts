/**
 * Measures the live view in a headless Chromium, and what it costs the agent. `npm run -s bench:view -- --help` explains
 * the options and the rows.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { findChromium, startChromium } from "../tests/support/browser/chromium.ts";
import { seedHistory } from "../tests/support/history/seed-history.ts";
import { alignColumns } from "./benchmark/align-columns.ts";
import { extraCost, listeningPorts } from "./benchmark/view/cost.ts";
import { openPages, type PageTimes } from "./benchmark/view/pages.ts";
import { costRows, pageRows, type ViewRow } from "./benchmark/view/rows.ts";
import { openDrawnStreet, STREET_CAMERA } from "./demonstration/watched-street.ts";

/** Events in the history that is opened. */
const EVENTS = 10_000;
const SHOWN_EVENTS = EVENTS.toLocaleString("en");

interface Options {
  readonly url?: string;
  readonly token: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly screenshots?: string;
  readonly json: boolean;
}

const options = new Command("bench:view")
  .description("Measures the live view in a headless Chromium, and what it costs the agent.")
  .option("--url <address>", "live view of an agent that runs already: measures only the page")
  .option("--token <token>", "its token", "")
  .option("--rounds <n>", "how often the page is opened", Number, 5)
  .option("--seconds <n>", "how long agents with and without the view are compared", Number, 120)
  .option("--screenshots <dir>", "write a screenshot of each round to this folder")
  .option("--json", "print a line of JSON per row, {row, value, at_most, ok}", false)
  .addHelpText(
    "after",
    `
It starts a camera that plays a drawn street, a broker, and two agents: one without the view, and one with the view and a history
of ${SHOWN_EVENTS} events. Both watch at the same time while no page is open; then a browser with an empty cache opens the page.

first paint   the page is painted
live          it shows a current frame, as a still image unless video is faster
video         the video plays, which requires a key frame from the camera
history       a click on Events has shown the first past events, or that there are none

The rows of the page are medians of the rounds. The exit code is 1 if a row is above its limit.`,
  )
  .parse()
  .opts<Options>();

const chromium = findChromium();
if (chromium === undefined) throw new Error("Chromium is missing. To install it: apt install chromium");
if (options.screenshots !== undefined) mkdirSync(options.screenshots, { recursive: true });
const rows =
  options.url === undefined
    ? await measureAgents()
    : pageRows(await measurePage(given(options.url)), "history opened");
if (options.json) for (const row of rows) console.log(JSON.stringify(row));
else console.log(table(rows));
if (rows.some(({ ok }) => !ok)) process.exitCode = 1;

async function measureAgents(): Promise<readonly ViewRow[]> {
  await using stack = new AsyncDisposableStack();
  const street = await openDrawnStreet(stack);
  const cameras = [STREET_CAMERA];
  await seedHistory(street.stateOf("with-view"), {
    ...{ events: EVENTS, latestMs: Date.now() - 60_000, days: 12, pictures: 80, cameras },
  });
  const without = await street.watch("without-view", { view: false });
  const viewed = await street.watch("with-view", { view: true });
  const cost = await extraCost(without.pid, viewed.pid, options.seconds);
  const disabled = {
    ports: listeningPorts(without.pid),
    hasHistory: existsSync(join(street.stateOf("without-view"), "history")),
  };
  await without.stop();
  if (viewed.address === undefined) throw new Error("expected an agent with a view");
  return [
    ...pageRows(await measurePage(viewed.address), `history of ${SHOWN_EVENTS} events opened`),
    ...costRows(disabled, cost),
  ];
}

async function measurePage(address: URL): Promise<readonly PageTimes[]> {
  await using browser = await startChromium(chromium ?? "");
  return await openPages(browser, address, options);
}

function given(url: string): URL {
  const address = new URL(url);
  address.searchParams.set("token", options.token);
  return address;
}

function table(all: readonly ViewRow[]): string {
  const lines = all.map(({ row, value, at_most, ok }) => [row, `${value}`, `${at_most}`, ok ? "✓" : "✗"]);
  return alignColumns([["", "value", "at most", ""], ...lines], 1);
}
