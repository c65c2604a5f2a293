/** The page with many cameras, long names and offline cameras, on a desktop and on a phone. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { parseConfig } from "../../agent/config/load.ts";
import { openLiveView } from "../../agent/view/live/open-live-view.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { findChromium, startChromium } from "../support/browser/chromium.ts";
import { barriers, overflowing, photograph } from "../support/browser/page-checks.ts";
import { accessUnitsOf } from "../support/camera/access-units.ts";
import { scriptedDetector } from "../support/detectors/scripted-detector.ts";
import { filmWalk, walkPast } from "../support/scenes/walk-past.ts";
import { quietSources, viewConfig } from "../support/view/quiet-sources.ts";
import { reportOf } from "../support/view/report-of.ts";

const TOKEN = "0123456789abcdef";
const LONG = "front_door_with_a_very_long_name_at_the_north_side_of_the_house";
const UNBROKEN = "W".repeat(62);
const REASON = `rtsp://127.0.0.1:18999/${"a-very-long-path-without-any-space".repeat(4)} refuses connections`;

function configOf(count: number) {
  const names = [LONG, UNBROKEN, ...Array.from({ length: 14 }, (_, index) => `yard_${index}`)].slice(
    0,
    count,
  );
  return parseConfig(
    [
      "mqtt: {host: broker}",
      "model: {path: m.wasm}",
      "cameras:",
      ...names.flatMap((name, index) => [
        `  ${name}:`,
        '    ffmpeg: {inputs: [{path: "rtsp://camera/stream"}]}',
        "    objects: {track: [person, teddy bear]}",
        `    zones: {the_long_driveway_in_front_of_the_garage_of_the_house_${index}: {coordinates: "0.1,0.4,0.9,0.4,0.9,1,0.1,1"}}`,
      ]),
    ].join("\n"),
    "sabrewing.yml",
    {},
  );
}

/** Opens a live view in which a person walks past each camera, except for the second one, which is offline. */
async function openScene(count: number, signal: AbortSignal) {
  const { cameras } = configOf(count);
  const view = await openLiveView(viewConfig(TOKEN), cameras, {
    ...quietSources(cameras),
    clock: systemClock,
    log: recordingLog().log,
    random: Math.random,
    signal,
    detector: scriptedDetector([]),
    version: "1.2.3",
  });
  const outage = { since: Date.now() / 1000 - 725, reason: REASON, remedy: "Check the port in its address." };
  view.reportHealth(() => reportOf(cameras, count > 1 ? { [UNBROKEN]: outage } : {}));
  const units = accessUnitsOf("H264", { frames: 3 });
  for (const unit of units) view.receive(UNBROKEN, unit);
  const walking = cameras.map(async (camera) => {
    while (!signal.aborted && camera.name !== UNBROKEN) {
      const startMs = Date.now();
      const frames = view.tap(filmWalk(camera.name, 10, startMs))[Symbol.asyncIterator]();
      for await (const outcome of walkPast(camera, { frames: 10, startMs })) {
        await frames.next();
        await view.show(camera.name, outcome);
        await systemClock.sleep(200, signal);
        if (signal.aborted) return;
      }
    }
  });
  return {
    address: `http://127.0.0.1:${view.port}/?token=${TOKEN}`,
    async [Symbol.asyncDispose]() {
      await Promise.all(walking);
      await view[Symbol.asyncDispose]();
    },
  };
}

/** The reasons for outages that do not fit into the picture of their camera. */
function cutOutages(page: Page): Promise<unknown> {
  return page.evaluate(`[...document.querySelectorAll(".outage")]
    .filter((note) => note.checkVisibility())
    .filter(({ parentElement, firstChild }) =>
      firstChild.getBoundingClientRect().top < parentElement.getBoundingClientRect().top)
    .map(({ textContent }) => textContent)`);
}

const chromium = findChromium();

describe.skipIf(chromium === undefined)("the page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium(chromium ?? "");
  });
  afterAll(() => browser.close());

  async function open(address: string, width: number, colorScheme: "dark" | "light"): Promise<Page> {
    const page = await browser.newPage({
      viewport: { width, height: 844 },
      colorScheme,
      reducedMotion: "reduce",
    });
    await page.goto(address, { timeout: 60_000 });
    await page.locator(".camera[data-live]").first().waitFor({ timeout: 30_000 });
    return page;
  }

  test.each([1, 4, 16])("holds %i cameras with names of 62 characters", async (count) => {
    const leaving = new AbortController();
    await using scene = await openScene(count, leaving.signal);
    using _leaving = { [Symbol.dispose]: () => leaving.abort() };
    for (const [width, scheme] of [
      [1280, "light"],
      [390, "dark"],
    ] as const) {
      await using page = await open(scene.address, width, scheme);
      expect(await page.locator(".camera").count()).toBe(count);
      await page.getByRole("log").getByText("in view").first().waitFor();
      await photograph(page, `${count}-cameras-${width}-${scheme}`);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      expect(await overflowing(page)).toEqual([]);
      expect(await cutOutages(page)).toEqual([]);
      if (count === 4) expect(await barriers(page)).toEqual([]);
      await page.getByRole("button", { name: "Zones and masks" }).click();
      await photograph(page, `${count}-cameras-${width}-${scheme}-zones`);
      expect(await overflowing(page)).toEqual([]);
    }
  });

  test("shows why a camera is offline and since when, with its last frame in grey", async () => {
    const leaving = new AbortController();
    await using scene = await openScene(4, leaving.signal);
    using _leaving = { [Symbol.dispose]: () => leaving.abort() };
    await using page = await open(scene.address, 1280, "light");
    const tile = page.locator(`[data-camera="${UNBROKEN}"]`);
    await tile.getByText("Offline", { exact: true }).waitFor();
    await tile.getByText(/^Offline since .* \(12 min \d+ s\)$/).waitFor();
    await tile.getByText(REASON).waitFor();
    await tile.getByText("Check the port in its address.").waitFor();
    await page.locator(`[data-camera="${UNBROKEN}"][data-last]`).waitFor();
    const size = `(({ width, height }) => [width, height])(document.querySelector("[data-last] canvas.still"))`;
    expect(await page.evaluate(size)).toEqual([320, 240]);
    await tile.getByRole("img", { name: `Last frame of ${UNBROKEN}` }).waitFor();
  });
});
