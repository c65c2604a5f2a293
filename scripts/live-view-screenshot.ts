/**
 * Makes the README's screenshot: the live view of an agent that watches a drawn street
 * (scripts/demonstration/drawn-street.ts).
 *
 *   node scripts/live-view-screenshot.ts [--out agent/view/live-view.png] [--light]
 *
 * Only the street is drawn: an RTSP camera plays it, the agent detects the people with YOLOv5n (its weights are required),
 * and a headless Chromium shows the page. A real clip would show faces, and has a licence of its own.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { findChromium, startChromium } from "../tests/support/browser/chromium.ts";
import { watchDrawnStreet } from "./demonstration/watched-street.ts";

const WAIT_MS = 120_000;
/** Events that fill the list. */
const EVENTS = 3;
/** Time between two screenshots. When they are equal the people stand still, and even late boxes fit. */
const APART_MS = 1_500;
/** Mean difference of a pixel, of 255: above the jitter of the boxes, below a step of a person. */
const STILL_BELOW = 0.4;
const MOST_TRIES = 60;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "agent/view/live-view.png" },
    light: { type: "boolean", default: false },
  },
});
const chromium = findChromium();
if (chromium === undefined) throw new Error("Chromium is missing. To install it: apt install chromium");

await using stack = new AsyncDisposableStack();
const address = await watchDrawnStreet(stack);
const browser = stack.use(await startChromium(chromium));
const page = await browser.newPage({
  viewport: { width: 1180, height: 660 },
  colorScheme: values.light ? "light" : "dark",
  reducedMotion: "reduce",
});
// A still image and its boxes belong to the same frame; on a busy machine the video is seconds behind the boxes.
await page.routeWebSocket(/\/video$/, (socket) => socket.close());
await page.goto(address.href);
await page.locator(".camera[data-live]").waitFor({ timeout: WAIT_MS });
await page.locator(`#events > li:nth-child(${EVENTS})`).waitFor({ timeout: WAIT_MS });
for (let tries = 1; !(await bothStand()); tries++) {
  if (tries === MOST_TRIES)
    throw new Error("the two people were never seen standing still: the machine may be too busy");
}
const shot = await page.screenshot({ timeout: WAIT_MS });
mkdirSync(dirname(values.out), { recursive: true });
await sharp(shot).png({ palette: true, quality: 92, effort: 10 }).toFile(values.out);
console.log(values.out);

async function bothStand(): Promise<boolean> {
  await page.getByText("person 2").waitFor({ timeout: WAIT_MS });
  const before = await pixels();
  await delay(APART_MS);
  const after = await pixels();
  const sum = before.reduce((total, value, at) => total + Math.abs(value - (after[at] ?? 0)), 0);
  return sum / before.length < STILL_BELOW && (await page.getByText("person 2").isVisible());
}

/** The whole page: a screenshot of one element waits until it is stable, and the video never is. */
async function pixels(): Promise<Uint8Array> {
  return sharp(await page.screenshot({ timeout: WAIT_MS }))
    .removeAlpha()
    .raw()
    .toBuffer();
}
