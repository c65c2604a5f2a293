/** In a real browser, the page of another site cannot affect the live view. */
import type { Browser, Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../agent/base/clock.ts";
import { type LiveView, openLiveView } from "../../agent/view/live/open-live-view.ts";
import { type LogLine, recordingLog } from "../support/agent/log-lines.ts";
import { door } from "../support/agent/small-config.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/base/temporary-folder.ts";
import { findChromium, startChromium } from "../support/browser/chromium.ts";
import { scriptedDetector } from "../support/detectors/scripted-detector.ts";
import { startFileServer } from "../support/network/file-server.ts";
import { quietSources, viewConfig } from "../support/view/quiet-sources.ts";

const TOKEN = "0123456789abcdef";
const FOREIGN = "evil.lan";
const chromium = findChromium();

describe.skipIf(chromium === undefined)("the page of another site", () => {
  const stack = new AsyncDisposableStack();
  let browser: Browser;
  let folder: TemporaryFolder;
  let foreign = "";
  /** The live view that the foreign page attacks. */
  let target = "";
  beforeAll(async () => {
    const site = stack.use(
      await startFileServer((_request, response) => {
        response.writeHead(200, { "content-type": "text/html" }).end(attackOn(target));
      }),
    );
    folder = stack.use(await temporaryFolder());
    foreign = site.url.replace("127.0.0.1", FOREIGN);
    browser = stack.adopt(await startChromium(chromium ?? "", [FOREIGN, "cam.lan"]), (one) => one.close());
  });
  afterAll(() => stack.disposeAsync());

  async function openView(): Promise<LiveView & { readonly lines: readonly LogLine[] }> {
    const { log, lines } = recordingLog();
    const view = await openLiveView(viewConfig(TOKEN, ["cam.lan"]), [door()], {
      ...quietSources([door()], folder.path),
      clock: systemClock,
      log,
      random: Math.random,
      signal: new AbortController().signal,
      detector: scriptedDetector([]),
      version: "1.2.3",
    });
    return { ...view, lines };
  }

  /** Over plain HTTP, browsers reveal less about the origin of a request to a named host than to the loopback. */
  test.each(["cam.lan", "127.0.0.1"])("neither tries tokens at %s nor signs anyone out", async (host) => {
    await using view = await openView();
    target = `http://${host}:${view.port}`;
    await using context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${target}/?token=${TOKEN}`);
    await isShown(page);

    const attack = await context.newPage();
    let over = 0;
    const count = (request: Request) => {
      if (request.url().startsWith(target)) over++;
    };
    attack.on("requestfinished", count).on("requestfailed", count);
    await attack.goto(foreign);
    await expect.poll(() => over, { timeout: 20_000 }).toBe(6);
    // All have the same reason, so the first is logged now and the others later.
    const refusals = view.lines.filter(({ msg }) => /refused|wrong token/.test(msg));
    expect(refusals.map(({ msg }) => msg)).toEqual([
      "the live view refused a request that the page of another site sent",
    ]);
    await page.reload();
    await isShown(page);

    // Our own page can do both.
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token").fill("not the token at all");
    await page.keyboard.press("Enter");
    await page.getByText("The token is wrong.").waitFor();
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await isShown(page);
  });

  test("cannot read anything by pointing its own name to our address", async () => {
    await using view = await openView();
    await using page = await browser.newPage();
    const reply = await page.goto(`http://${FOREIGN}:${view.port}/?token=${TOKEN}`);
    expect(reply?.status()).toBe(421);
    expect(await page.locator("body").textContent()).toContain(`add "${FOREIGN}" to view.allowed_hosts`);
  });
});

async function isShown(page: Page): Promise<void> {
  await page.getByRole("heading", { name: "Latest events" }).waitFor();
}

/** Sends six requests: an image, a script, a style sheet, a fetch, and two forms with frames as targets. */
function attackOn(target: string): string {
  return `<!doctype html><title>A page</title>
    <iframe name="a"></iframe><iframe name="b"></iframe>
    <form id="enter" target="a" method="post" action="${target}/enter"><input name="token" value="wrong"></form>
    <form id="leave" target="b" method="post" action="${target}/leave"></form>
    <img src="${target}/?token=wrong1"><link rel="stylesheet" href="${target}/?token=wrong2">
    <script src="${target}/?token=wrong3"></script>
    <script>
      fetch("${target}/?token=wrong4", { mode: "no-cors" });
      document.getElementById("enter").submit();
      document.getElementById("leave").submit();
    </script>`;
}
