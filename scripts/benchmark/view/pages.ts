import { join } from "node:path";
import type { Browser } from "playwright-core";

/** How long one opening of the page took. Milliseconds since the start of loading; `history` since the click. */
export interface PageTimes {
  readonly firstPaint: number;
  readonly live: number;
  readonly video: number;
  readonly history: number;
}

export interface OpenOptions {
  readonly rounds: number;
  /** A screenshot of each round is written to this folder. */
  readonly screenshots?: string;
}

const WAIT_MS = 60_000;

/** Opens the page several times, each time with an empty browser cache. */
export async function openPages(
  browser: Browser,
  address: URL,
  { rounds, screenshots }: OpenOptions,
): Promise<readonly PageTimes[]> {
  const times: PageTimes[] = [];
  for (let round = 1; round <= rounds; round++) {
    times.push(await openOnce(browser, address, screenshots && join(screenshots, `round-${round}.png`)));
  }
  return times;
}

async function openOnce(browser: Browser, address: URL, screenshot: string | undefined): Promise<PageTimes> {
  await using page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const startMs = performance.now();
  const since = () => performance.now() - startMs;
  await page.goto(address.href);
  const [live, video] = await Promise.all([
    page.locator(".camera[data-live]").first().waitFor({ timeout: WAIT_MS }).then(since),
    page.locator(".camera[data-playing]").first().waitFor({ timeout: WAIT_MS }).then(since),
  ]);
  const firstPaint = Number(
    await page.evaluate(
      `performance.getEntriesByType("paint").find(({ name }) => name === "first-contentful-paint").startTime`,
    ),
  );
  if (screenshot !== undefined) await page.screenshot({ path: screenshot });
  const clickMs = performance.now();
  await page.getByRole("button", { name: "Events", exact: true }).click();
  await page.locator(".past-event, .history-message > *").first().waitFor({ timeout: WAIT_MS });
  return { firstPaint, live, video, history: performance.now() - clickMs };
}
