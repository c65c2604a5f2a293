/**
 * Measures how soon the live view shows something in a headless Chromium. It starts an agent that watches a drawn street,
 * with camera and broker; with --url it measures an agent that already runs:
 *
 *   npm run -s bench:view -- [--url http://127.0.0.1:5080 --token TOKEN] [--rounds 5] [--screenshots DIR] [--json]
 *
 * `first_paint_ms`: the page is painted. `still_ms`: it shows a current frame of the camera, as a still image unless
 * video is faster. `video_ms`: the video plays, which requires a key frame from the camera.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import type { Browser } from "playwright-core";
import { findChromium, startChromium } from "../tests/support/browser/chromium.ts";
import { watchDrawnStreet } from "./demonstration/watched-street.ts";

interface Options {
  readonly url?: string;
  readonly token: string;
  readonly rounds: number;
  readonly screenshots?: string;
  readonly json: boolean;
}

const values = new Command("bench:view")
  .description("Measures how soon the live view shows something in a headless Chromium.")
  .option(
    "--url <address>",
    "live view of an agent that runs already (default: of an agent with a drawn street)",
  )
  .option("--token <token>", "its token", "")
  .option("--rounds <n>", "how often the page is opened", Number, 5)
  .option("--screenshots <dir>", "write a screenshot of each round to this folder")
  .option("--json", "print one line of JSON per round", false)
  .parse()
  .opts<Options>();

const WAIT_MS = 60_000;

interface Row {
  readonly first_paint_ms: number;
  readonly still_ms: number;
  readonly video_ms: number;
}

function addressOf(url: string, token: string): URL {
  const address = new URL(url);
  address.searchParams.set("token", token);
  return address;
}

/** Opens the page with an empty browser cache. */
async function openOnce(browser: Browser, address: URL, screenshot: string | undefined): Promise<Row> {
  await using page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const startMs = performance.now();
  const since = () => Math.round(performance.now() - startMs);
  await page.goto(address.href);
  const [still, video] = await Promise.all([
    page.locator(".camera[data-live]").first().waitFor({ timeout: WAIT_MS }).then(since),
    page.locator(".camera[data-playing]").first().waitFor({ timeout: WAIT_MS }).then(since),
  ]);
  const paint = await page.evaluate(
    `performance.getEntriesByType("paint").find(({ name }) => name === "first-contentful-paint").startTime`,
  );
  if (screenshot !== undefined) await page.screenshot({ path: screenshot });
  return { first_paint_ms: Math.round(Number(paint)), still_ms: still, video_ms: video };
}

const chromium = findChromium();
if (chromium === undefined) throw new Error("Chromium is missing. To install it: apt install chromium");
if (values.screenshots !== undefined) mkdirSync(values.screenshots, { recursive: true });
await using stack = new AsyncDisposableStack();
const address =
  values.url === undefined ? await watchDrawnStreet(stack) : addressOf(values.url, values.token);
const browser = stack.use(await startChromium(chromium));
for (let round = 1; round <= values.rounds; round++) {
  const screenshot = values.screenshots && join(values.screenshots, `round-${round}.png`);
  const row = await openOnce(browser, address, screenshot);
  console.log(
    values.json
      ? JSON.stringify(row)
      : `first paint ${row.first_paint_ms} ms, a still ${row.still_ms} ms, video ${row.video_ms} ms`,
  );
}
