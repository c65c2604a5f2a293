/** The page of past events in a browser, on a history of 10,000 events. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import type { PastEvent } from "../../agent/state/past-event.ts";
import { type LiveView, openLiveView } from "../../agent/view/live/open-live-view.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { door } from "../support/agent/small-config.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { findChromium, startChromium } from "../support/browser/chromium.ts";
import { barriers } from "../support/browser/page-checks.ts";
import { scriptedDetector } from "../support/detectors/scripted-detector.ts";
import { seedHistory } from "../support/history/seed-history.ts";
import { walkPast } from "../support/scenes/walk-past.ts";
import { quietSources, viewConfig } from "../support/view/quiet-sources.ts";

const TOKEN = "0123456789abcdef";
const EVENTS = 10_000;
/** Fewer than events.retain_days. */
const DAYS = 12;
/** The events end at noon of the day before, so that they lie on the same days in every time zone and at every hour. */
const YESTERDAY_NOON_MS = new Date().setHours(-12, 0, 0, 0);
/** For a busy machine. */
const PATIENT = { timeout: 60_000 };
const chromium = findChromium();

describe.skipIf(chromium === undefined)("the page of past events", () => {
  const stack = new AsyncDisposableStack();
  let browser: Browser;
  let base = "";
  let seeded: readonly PastEvent[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    const folder = stack.use(await temporaryFolder());
    const cameras = ["door", "yard", "garage"];
    seeded = await seedHistory(folder.path, {
      events: EVENTS,
      latestMs: YESTERDAY_NOON_MS,
      days: DAYS,
      pictures: 80,
      cameras,
    });
    base = addressOf(await openView(folder.path, cameras));
    browser = stack.adopt(await startChromium(chromium ?? ""), (one) => one.close());
  });
  afterAll(() => stack.disposeAsync());

  async function openView(stateDirectory: string, names: readonly string[]): Promise<LiveView> {
    const cameras = names.map((name) => ({ ...door(), name }));
    return stack.use(
      await openLiveView(viewConfig(TOKEN), cameras, {
        ...quietSources(cameras, stateDirectory),
        clock: systemClock,
        log: recordingLog().log,
        random: Math.random,
        signal: new AbortController().signal,
        detector: scriptedDetector([]),
        version: "1.2.3",
      }),
    );
  }

  const addressOf = ({ port }: LiveView) => `http://127.0.0.1:${port}/`;

  async function openPage(
    viewport: { width: number; height: number },
    colorScheme: "dark" | "light",
    address = base,
  ): Promise<Page> {
    const isPhone = viewport.width < 500;
    const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce", hasTouch: isPhone });
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (said) => {
      // A busy machine may answer too late: the page offers to try again.
      if (said.type() === "error" && !said.text().startsWith("Failed to load resource")) {
        complaints.push(said.text());
      }
    });
    await page.goto(`${address}?token=${TOKEN}`);
    await page.getByRole("button", { name: "Events", exact: true }).click();
    return page;
  }

  async function openYesterday(page: Page): Promise<void> {
    await page.locator(".day").nth(-2).click();
    await page.locator(".past-event").first().waitFor();
  }

  async function photograph(page: Page, name: string, fullPage = false): Promise<void> {
    mkdirSync("out/live-view", { recursive: true });
    await page.screenshot({ path: join("out/live-view", `history-${name}.png`), fullPage });
  }

  /** The days and numbers of events that are broken into lines, and the texts of cards that are cut off. */
  function unreadable(page: Page): Promise<unknown> {
    return page.evaluate(`[
      ...[...document.querySelectorAll(".lane-count, .day-count, .day-name")].filter((part) => {
        const text = document.createRange();
        text.selectNodeContents(part);
        const [line, ...others] = text.getClientRects();
        const { left, right } = part.closest("button").getBoundingClientRect();
        return line === undefined || others.length > 0 || line.left < left || line.right > right;
      }),
      ...[...document.querySelectorAll(".past-event .where")].filter((text) => text.scrollWidth > text.clientWidth),
    ].map(({ outerHTML }) => outerHTML)`);
  }

  /** The different texts of the elements. */
  async function texts(page: Page, selector: string): Promise<readonly string[]> {
    const all = await page.locator(selector).allTextContents();
    return [...new Set(all.map((text) => text.trim()))];
  }

  /** The id of the focused card. */
  const focused = (page: Page) => page.evaluate("document.activeElement.dataset.event");
  const shown = (page: Page) => page.locator(".viewer-stage").getAttribute("data-event");

  test("shows days, a lane for each camera, and a page of a day's events", async () => {
    await using page = await openPage({ width: 1280, height: 800 }, "dark");
    await page.getByRole("heading", { name: "No events on this day" }).waitFor();
    await page.getByRole("button", { name: /^Open / }).click();
    await page.locator(".past-event").first().waitFor();
    const perDay = page.locator(".day-count");
    expect(await perDay.count()).toBeGreaterThanOrEqual(DAYS);
    const sum = (await perDay.allTextContents()).reduce((total, text) => total + Number(text), 0);
    expect(sum).toBe(EVENTS);
    expect(await page.locator(".lane").count()).toBe(3);
    expect(await page.locator(".past-event").count()).toBeLessThanOrEqual(120);
    await page.locator(".past-event img").first().waitFor();
    await expect
      .poll(() => page.evaluate("document.querySelector('.past-event img').naturalWidth"), PATIENT)
      .toBeGreaterThan(100);
    await photograph(page, "desktop-dark");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(1280);
    expect(await barriers(page)).toEqual([]);
  });

  test("filters by camera, label and zone, and jumps to a time", async () => {
    await using page = await openPage({ width: 1280, height: 800 }, "light");
    await openYesterday(page);
    await page.getByLabel("Label", { exact: true }).selectOption("car");
    await page.getByLabel("Zone", { exact: true }).selectOption("road");
    await page.getByRole("button", { name: /^yard \d/ }).click();
    await expect.poll(() => texts(page, ".past-event .where"), PATIENT).toEqual(["yard · road"]);
    expect(await texts(page, ".past-event strong")).toEqual(["car"]);
    const strip = page.getByRole("slider", { name: "yard: events up to" });
    await strip.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("PageUp");
    await page.getByTitle("Show the whole day").waitFor();
    await expect.poll(() => strip.getAttribute("aria-valuenow"), PATIENT).toBe("4");
    const midnight = new Date(YESTERDAY_NOON_MS).setHours(0, 0, 0, 0);
    const expected = seeded.filter(({ camera, label, startMs }) => {
      return camera === "yard" && label === "car" && startMs >= midnight && startMs < midnight + 75 * 60_000;
    });
    await expect.poll(() => page.locator(".past-event").count(), PATIENT).toBe(expected.length);
    await photograph(page, "filtered-light");
    expect(await barriers(page)).toEqual([]);
  });

  test("opens an event enlarged, with its image, track and zones, and moves on with the keyboard", async () => {
    await using page = await openPage({ width: 1280, height: 800 }, "dark");
    await openYesterday(page);
    const [first, second] = await Promise.all(
      [0, 1].map((index) => page.locator(".past-event").nth(index).getAttribute("data-event")),
    );
    await page.locator(".past-event").first().focus();
    await page.keyboard.press("ArrowRight");
    expect(await focused(page)).toBe(second);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    const viewer = page.getByRole("dialog");
    await viewer.getByRole("img").waitFor();
    await expect
      .poll(() => page.evaluate("document.querySelector('.viewer-stage img').naturalWidth"), PATIENT)
      .toBe(960);
    expect(await viewer.locator("polygon.area").count()).toBe(2);
    expect(await viewer.locator("polyline.track.line").count()).toBe(1);
    await viewer.getByText(/^person \d+ %$/).waitFor();
    await viewer.getByText("Esc", { exact: true }).waitFor();
    await photograph(page, "viewer-dark");
    expect(await barriers(page)).toEqual([]);
    expect(await shown(page)).toBe(first);
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => shown(page), PATIENT).toBe(second);
    await page.keyboard.press("d");
    await expect.poll(() => viewer.locator("svg.overlay").isVisible(), PATIENT).toBe(false);
    await page.keyboard.press("Escape");
    await expect.poll(() => viewer.isVisible(), PATIENT).toBe(false);
    await expect.poll(() => focused(page), PATIENT).toBe(second);
  });

  test("loads the other events of the day while the user scrolls or moves on", async () => {
    await using page = await openPage({ width: 1280, height: 800 }, "light");
    await openYesterday(page);
    const midnight = new Date(YESTERDAY_NOON_MS).setHours(0, 0, 0, 0);
    const ofDay = seeded.filter(({ startMs }) => startMs >= midnight);
    await expect
      .poll(async () => {
        await page.mouse.wheel(0, 5_000);
        return page.locator(".past-event").count();
      }, PATIENT)
      .toBe(ofDay.length);
    const ids = await page
      .locator(".past-event")
      .evaluateAll((cards) => cards.map((card) => card.getAttribute("data-event")));
    expect(ids).toEqual(ofDay.toSorted((a, b) => b.startMs - a.startMs).map(({ id }) => id));
  });

  test("works on a phone, where a swipe leads to the next event", async () => {
    await using page = await openPage({ width: 390, height: 844 }, "light");
    await openYesterday(page);
    await page.locator(".past-event img").first().waitFor();
    await photograph(page, "phone-light");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    expect(await barriers(page)).toEqual([]);
    await page.locator(".past-event").first().tap();
    await page.getByRole("dialog").getByRole("img").waitFor();
    await photograph(page, "viewer-phone-light");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    expect(await barriers(page)).toEqual([]);
    const next = await page.locator(".past-event").nth(1).getAttribute("data-event");
    await page.evaluate(`{
      const stage = document.querySelector(".viewer-stage");
      const touch = (clientX) => new Touch({ identifier: 1, target: stage, clientX, clientY: 300 });
      stage.dispatchEvent(new TouchEvent("touchstart", { touches: [touch(300)], changedTouches: [touch(300)] }));
      stage.dispatchEvent(new TouchEvent("touchend", { touches: [], changedTouches: [touch(120)] }));
    }`);
    await expect.poll(() => shown(page), PATIENT).toBe(next);
    await page.getByRole("button", { name: "Newer" }).click();
    await expect
      .poll(() => shown(page), PATIENT)
      .toBe(await page.locator(".past-event").first().getAttribute("data-event"));
  });

  test.each([390, 1280])(
    "keeps days, numbers of events and the longest names readable at %i pixels",
    async (width) => {
      const folder = stack.use(await temporaryFolder());
      const cameras = ["W".repeat(62), "door"];
      await seedHistory(folder.path, {
        events: 2_000,
        latestMs: YESTERDAY_NOON_MS,
        days: 2,
        pictures: 0,
        cameras,
      });
      const view = await openView(folder.path, cameras);
      await using page = await openPage({ width, height: 844 }, "dark", addressOf(view));
      await openYesterday(page);
      await photograph(page, `long-names-${width}`);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      expect(await page.locator(".lane-count").count()).toBe(2);
      expect(await unreadable(page)).toEqual([]);
    },
  );

  test("shows the track, and a sentence, where an image is missing on the agent's disk", async () => {
    await using page = await openPage({ width: 1280, height: 800 }, "light");
    await page.route(/history\/events\/.*\.jpg$/, (route) => route.fulfill({ status: 404 }));
    await openYesterday(page);
    const card = page.locator(".past-event").first();
    await card.locator("svg").waitFor();
    expect(await card.locator("img").count()).toBe(0);
    await card.click();
    await page.getByRole("dialog").getByText("The image cannot be loaded.").waitFor();
    await photograph(page, "viewer-missing-image");
    expect(await page.locator(".viewer-stage img").count()).toBe(0);
    expect(await page.locator("polyline.track.line").last().isVisible()).toBe(true);
  });

  test("shows an event without an image, and says how to store images", async () => {
    await using page = await openPage({ width: 390, height: 844 }, "dark");
    await openYesterday(page);
    await page.getByRole("button", { name: /^yard \d/ }).click();
    await expect
      .poll(async () => (await texts(page, ".past-event .where"))[0]?.split(" ")[0], PATIENT)
      .toBe("yard");
    await photograph(page, "phone-dark");
    await page.locator(".past-event").first().tap();
    await page
      .getByText(/^No image was stored\. To store images of yard, set snapshots\.directory/)
      .waitFor();
    expect(await page.locator("polyline.track.line").last().isVisible()).toBe(true);
    await photograph(page, "viewer-phone-dark");
    expect(await barriers(page)).toEqual([]);
  });

  test("shows an event that begins and ends while the page is open, and keeps the focus", async () => {
    const folder = stack.use(await temporaryFolder());
    const view = await openView(folder.path, ["door"]);
    await using page = await openPage({ width: 1280, height: 800 }, "light", addressOf(view));
    await page.getByRole("heading", { name: "No events yet" }).waitFor();
    const outcomes = walkPast(door(), { startMs: Date.now() });
    const show = async (most: number) => {
      for (let shown = 0; shown < most; shown++) {
        const { value } = await outcomes.next();
        if (value !== undefined) await view.show("door", value);
      }
    };
    await show(15);
    const cards = page.locator(".past-event");
    await cards.getByText("in view").waitFor();
    expect(await page.locator(".day-count").last().textContent()).toBe("1");
    await cards.first().focus();
    const id = await focused(page);
    await show(20);
    await cards.getByText(/^\d s, /).waitFor();
    expect(await cards.count()).toBe(1);
    expect(await focused(page)).toBe(id);
  });

  test("says what to do while the history is empty", async () => {
    const folder = stack.use(await temporaryFolder());
    const address = addressOf(await openView(folder.path, ["door"]));
    await using page = await openPage({ width: 1280, height: 800 }, "light", address);
    await page.getByRole("heading", { name: "No events yet" }).waitFor();
    await page.getByText("Walk past a camera").waitFor();
    await photograph(page, "empty-light");
    expect(await barriers(page)).toEqual([]);
  });

  test("does not violate the security policy", () => {
    expect(complaints).toEqual([]);
  });
});
