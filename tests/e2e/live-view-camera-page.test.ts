/** A camera's own page, and the editor that writes to the configuration. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { openLog } from "../../agent/base/log.ts";
import { recentLines } from "../../agent/base/recent-lines.ts";
import { parseConfig } from "../../agent/config/load.ts";
import { writeShapes } from "../../agent/config/write-shapes.ts";
import { openLiveView } from "../../agent/view/live/open-live-view.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { findChromium, startChromium } from "../support/browser/chromium.ts";
import { barriers, overflowing, photograph } from "../support/browser/page-checks.ts";
import { scriptedDetector } from "../support/detectors/scripted-detector.ts";
import { filmWalk, walkPast } from "../support/scenes/walk-past.ts";
import { reportOf } from "../support/view/report-of.ts";

const TOKEN = "0123456789abcdef";
const FILE = `# The house.
mqtt: { host: broker, user: sabrewing, password: sekret1234 }
model: { path: m.wasm }
view: { enabled: true, port: 0, token: "${TOKEN}", allow_config_changes: true }
cameras:
  door:
    ffmpeg: { inputs: [{ path: "rtsp://cam:sekret5678@camera/stream" }] }
    objects: { track: [person] }
    zones:
      # The steps.
      porch: { coordinates: "0.1,0.4,0.9,0.4,0.9,1,0.1,1", inertia: 2 }
      far: { coordinates: "0.95,0,1,0,1,0.1" }
`;
const GREY_FRAME = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240"><rect width="320" height="240" fill="#555"/></svg>`;

const widthOf = (page: Page) => page.evaluate('document.querySelector("#editor img.still").naturalWidth');

/** The buttons of the bar whose text takes more than one line. */
async function brokenTabs(page: Page): Promise<unknown> {
  return page.evaluate(`[...document.querySelectorAll(".tabs button")]
    .filter((button) => {
      const text = document.createRange();
      text.selectNodeContents(button);
      return text.getClientRects().length > 1;
    })
    .map(({ textContent }) => textContent)`);
}

const chromium = findChromium();

describe.skipIf(chromium === undefined)("the page of a camera", () => {
  const stack = new AsyncDisposableStack();
  let open: (width: number, colorScheme: "dark" | "light") => Promise<Page>;
  let file = "";

  beforeAll(async () => {
    const folder = stack.use(await temporaryFolder());
    file = join(folder.path, "sabrewing.yml");
    writeFileSync(file, FILE);
    const config = parseConfig(FILE, file, {});
    const [camera] = config.cameras;
    if (camera === undefined) throw new Error("a camera");
    const recent = recentLines();
    const log = openLog("info", { write() {} }, recent.add);
    const stopping = new AbortController();
    const { signal } = stopping;
    const view = stack.use(
      await openLiveView(config.view, config.cameras, {
        clock: systemClock,
        log,
        random: Math.random,
        signal,
        detector: scriptedDetector([]),
        version: "1.2.3",
        config,
        settings: () => config.cameras,
        stateDirectory: folder.path,
        recentLines: recent,
        applyShapes: (name, shapes) => writeShapes(file, {}, name, shapes),
      }),
    );
    view.reportHealth(() => reportOf(config.cameras));
    log.warn({ camera: "door", remedy: "Check the camera." }, "door: the stream ended");
    const walking = (async () => {
      while (!signal.aborted) {
        const startMs = Date.now();
        const frames = view.tap(filmWalk("door", 20, startMs))[Symbol.asyncIterator]();
        for await (const outcome of walkPast(camera, { frames: 20, startMs })) {
          await frames.next();
          await view.show("door", outcome);
          await systemClock.sleep(200, signal);
          if (signal.aborted) return;
        }
      }
    })();
    stack.defer(() => walking);
    stack.defer(() => stopping.abort());
    const browser = stack.adopt(await startChromium(chromium ?? ""), (one) => one.close());
    open = async (width, colorScheme) => {
      const viewport = { width, height: 844 };
      const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
      await page.goto(`http://127.0.0.1:${view.port}/?token=${TOKEN}`, { timeout: 60_000 });
      await page.locator(".camera[data-live]").waitFor({ timeout: 60_000 });
      return page;
    };
  }, 60_000);
  afterAll(() => stack.disposeAsync());

  test.each([
    [1280, "dark"],
    [390, "light"],
  ] as const)(
    "tells at %i pixels what it saw, why, and how it is configured",
    { timeout: 120_000 },
    async (width, scheme) => {
      await using page = await open(width, scheme);
      await page.getByRole("link", { name: "door" }).first().click();
      const own = page.locator("#camera");
      await own.locator(".camera[data-live]").waitFor({ timeout: 60_000 });
      const decisions = own.getByRole("list", { name: "Decisions, newest first" });
      await decisions.getByText("Event", { exact: true }).first().waitFor();
      await decisions.getByText("Zones: porch.").first().waitFor();
      await decisions.getByText("Not in far: it stands outside the zone.").first().waitFor();
      await own.getByRole("img", { name: /^Motion in \d+ of the last 300 seconds/ }).waitFor();
      await own.getByText("warn: door: the stream ended → Check the camera.").waitFor();
      await own.getByText(/^This camera/).click();
      await own.getByText("zones.porch.inertia").waitFor();
      await own.getByText("Consecutive frames inside before an object has entered.").first().waitFor();
      expect(await own.textContent()).not.toMatch(/sekret|0123456789abcdef/);
      await page.evaluate("scrollTo(0, 0)");
      await photograph(page, `camera-page-${width}-${scheme}`);
      expect(await overflowing(page)).toEqual([]);
      expect(await brokenTabs(page)).toEqual([]);
      expect(await barriers(page)).toEqual([]);
      await page.getByRole("button", { name: "Live", exact: true }).click();
      await page.locator("#live .camera[data-live]").waitFor();
    },
  );

  test("shows a plain tile where the snapshot of a latest event is missing", async () => {
    await using page = await open(1280, "dark");
    await page.locator("#events img").first().waitFor();
    await page.route(/events\/.*\.jpg/, (route) => route.fulfill({ status: 404 }));
    await page.reload();
    await page.locator("#events .no-snapshot").first().waitFor();
    expect(await page.locator("#events img").count()).toBe(0);
  });

  test("says in the editor that an offline camera has sent no frame, or shows its last one", {
    timeout: 120_000,
  }, async () => {
    await using page = await open(1280, "dark");
    const image = page.locator("#editor img.still");
    const missing = (path: RegExp) => page.route(path, (route) => route.fulfill({ status: 503 }));
    await missing(/cameras\/door\.jpg/);
    await page.route(/cameras\/door\/last\.jpg/, (route) =>
      route.fulfill({ contentType: "image/svg+xml", body: GREY_FRAME }),
    );
    await page.getByRole("button", { name: "Zones and masks" }).click();
    const refresh = page.getByRole("button", { name: "Refresh" });
    await refresh.click();
    await expect.poll(() => widthOf(page)).toBe(320);
    expect(await image.getAttribute("src")).toMatch(/^cameras\/door\/last\.jpg/);
    await page.unrouteAll();
    await missing(/cameras\/door[./]/);
    await refresh.click();
    await page.locator("#editor").getByText("The camera has sent no frame yet.").waitFor();
    await photograph(page, "editor-without-frame");
    expect(await image.getAttribute("src")).toBeNull();
    expect(await image.isVisible()).toBe(false);
    expect(await page.locator(".shape-name", { hasText: "porch" }).isVisible()).toBe(true);
    expect(await barriers(page)).toEqual([]);
    await page.unrouteAll();
    await refresh.click();
    await expect.poll(() => widthOf(page)).toBe(640);
    expect(await page.locator("#editor .stage-note").textContent()).toBe("");
  });

  test("draws a zone by clicks, zooms, and writes it to the configuration", {
    timeout: 120_000,
  }, async () => {
    await using page = await open(1280, "light");
    await page.getByRole("button", { name: "Zones and masks" }).click();
    await page.getByRole("button", { name: "Draw a zone" }).click();
    const drawing = await page.locator(".drawing").boundingBox();
    if (drawing === null) throw new Error("expected the drawing to be there");
    const click = (x: number, y: number) =>
      page.mouse.click(drawing.x + x * drawing.width, drawing.y + y * drawing.height);
    await click(0.2, 0.2);
    await click(0.9, 0.9);
    await page.getByRole("button", { name: "Remove last" }).click();
    await click(0.6, 0.2);
    expect(await page.getByRole("button", { name: "Finish" }).isDisabled()).toBe(true);
    await click(0.4, 0.7);
    await page.getByRole("button", { name: "Finish" }).click();
    await page.getByLabel("Name").fill("path");
    await page.locator(".shape-name", { hasText: "path" }).waitFor();
    await page.getByRole("button", { name: "Zoom in" }).click();
    await photograph(page, "editor-zoomed");
    expect(await barriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText(/^Written to sabrewing.yml/).waitFor();
    const text = readFileSync(file, "utf8");
    expect(text).toContain("# The steps.\n      porch: { coordinates");
    const [camera] = parseConfig(text, file, {}).cameras;
    const zone = camera?.zones.find(({ name }) => name === "path");
    expect(zone?.coordinates.map((corner) => corner.map((share) => share.toFixed(1)))).toEqual([
      ["0.2", "0.2"],
      ["0.6", "0.2"],
      ["0.4", "0.7"],
    ]);
  });
});
