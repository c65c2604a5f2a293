/**
 * Makes the README's picture: the live view of an agent that watches a drawn street (scripts/demonstration/drawn-street.ts).
 *
 *   node scripts/live-view-picture.ts [--out agent/view/live-view.png] [--light]
 *
 * Everything in it is real but the street: an RTSP camera plays it, the agent finds the people in it with YOLOv5n (whose
 * weights must be here), and a headless Chromium shows the page. Drawn, since nobody's face and nobody's clip is ours to publish.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { findChromium, startChromium } from "../tests/support/browser/chromium.ts";
import { watchDrawnStreet } from "./demonstration/watched-street.ts";

const WAIT_MS = 120_000;
/** Enough to fill the list. */
const EVENTS = 3;
/** Two pictures this far apart in which nobody walks: where they stand the boxes fit, however late they come. */
const APART_MS = 1_500;
/** Of 255, on average: jitter of the boxes is less, a step is more. */
const STILL_BELOW = 0.4;
const MOST_TRIES = 60;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "agent/view/live-view.png" },
    light: { type: "boolean", default: false },
  },
});
const chromium = findChromium();
if (chromium === undefined) throw new Error("no Chromium on this machine: apt install chromium");

await using stack = new AsyncDisposableStack();
const address = await watchDrawnStreet(stack);
const browser = stack.use(await startChromium(chromium));
const page = await browser.newPage({
  viewport: { width: 1180, height: 660 },
  colorScheme: values.light ? "light" : "dark",
  reducedMotion: "reduce",
});
// Stills are of the frame that the boxes are of; video may be seconds behind them on a busy machine.
await page.routeWebSocket(/\/video$/, (socket) => socket.close());
await page.goto(address.href);
await page.locator(".camera[data-live]").waitFor({ timeout: WAIT_MS });
await page.locator(`#events > li:nth-child(${EVENTS})`).waitFor({ timeout: WAIT_MS });
for (let tries = 1; !(await bothStand()); tries++) {
  if (tries === MOST_TRIES) throw new Error("the two never stood still: is this machine too busy?");
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

/** All of the page: to wait for one element that is drawn anew all the time would take long. */
async function pixels(): Promise<Uint8Array> {
  return sharp(await page.screenshot({ timeout: WAIT_MS }))
    .removeAlpha()
    .raw()
    .toBuffer();
}
