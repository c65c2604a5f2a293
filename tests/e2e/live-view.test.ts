/** The complete live view: our server, ffmpeg, an RTSP camera that the agent reads, and a browser. */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { parse } from "yaml";
import { systemClock } from "../../agent/base/clock.ts";
import { openLog } from "../../agent/base/log.ts";
import type { TimedUnit } from "../../agent/camera/decode-plan.ts";
import { readCamera } from "../../agent/camera/read-camera.ts";
import type { CameraConfig } from "../../agent/config/schema.ts";
import { type LiveView, openLiveView } from "../../agent/view/live/open-live-view.ts";
import { door } from "../support/agent/small-config.ts";
import { TextStream } from "../support/base/text-stream.ts";
import { findChromium, startChromium } from "../support/browser/chromium.ts";
import { barriers, photograph } from "../support/browser/page-checks.ts";
import { hasRtspServer, type RtspCamera, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip, type TestClip } from "../support/camera/test-clip.ts";
import { scriptedDetector } from "../support/detectors/scripted-detector.ts";
import { filmWalk, WALK_SIZE, walkPast } from "../support/scenes/walk-past.ts";
import { quietSources, viewConfig } from "../support/view/quiet-sources.ts";
import { reportOf } from "../support/view/report-of.ts";

const TOKEN = "0123456789abcdef";
const PASSWORD = "sekret @ door";
const WALK_FRAMES = 20;
const CAMERA = `
objects: {track: [person], mask: "0.8,0,1,0,1,0.2"}
zones: {porch: {coordinates: "0.1,0.4,0.9,0.4,0.9,1,0.1,1", inertia: 2}}`;

/** A camera, and its live view, on which a person walks past repeatedly. */
interface Scene extends AsyncDisposable {
  readonly port: number;
  readonly logged: TextStream;
}

async function openScene(): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const clip: TestClip = stack.use(makeTestClip({ ...WALK_SIZE, seconds: 4 }));
  const rtsp: RtspCamera = stack.use(
    await startRtspCamera({ clip: clip.file, user: "cam", password: PASSWORD }),
  );
  const path = rtsp.address.replace("rtsp://", "rtsp://cam:sekret%20%40%20door@");
  const configured = door(CAMERA);
  const camera: CameraConfig = {
    ...configured,
    ffmpeg: { ...configured.ffmpeg, inputs: [{ path, transport: "auto" }] },
  };
  const logged = new TextStream();
  const stopping = new AbortController();
  stack.defer(() => stopping.abort());
  const view = stack.use(
    await openLiveView(viewConfig(TOKEN), [camera], {
      ...quietSources([camera]),
      clock: systemClock,
      log: openLog("info", logged),
      random: Math.random,
      signal: stopping.signal,
      detector: scriptedDetector([]),
      version: "1.2.3",
    }),
  );
  view.reportHealth(() => reportOf([]));
  const reading = readForEver(view, path, stopping.signal);
  const walking = walkForEver(view, camera, stopping.signal);
  stack.defer(() => Promise.all([reading, walking]).then(() => {}));
  stack.defer(() => stopping.abort());
  const all = stack.move();
  return { port: view.port, logged, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** What the camera sends goes to the view, as in the agent. */
async function readForEver(view: LiveView, address: string, signal: AbortSignal): Promise<void> {
  const stream = { camera: "door", address, transport: "auto", size: WALK_SIZE, fps: 5 } as const;
  const onUnit = (unit: TimedUnit) => view.receive("door", unit);
  for await (const _ of readCamera(stream, { clock: systemClock, signal, onUnit }));
}

async function walkForEver(view: LiveView, camera: CameraConfig, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const startMs = Date.now();
    const frames = view.tap(filmWalk(camera.name, WALK_FRAMES, startMs))[Symbol.asyncIterator]();
    for await (const outcome of walkPast(camera, { frames: WALK_FRAMES, startMs })) {
      await frames.next();
      await view.show(camera.name, outcome);
      await systemClock.sleep(100, signal);
      if (signal.aborted) return;
    }
  }
}

/** Command lines of this process's ffmpeg processes that encode video for the page. Other tests run at the same time. */
function videoProcesses(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        if (!status.includes(`PPid:\t${process.pid}\n`)) return [];
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        return [];
      }
    })
    .filter((line) => line.startsWith("ffmpeg ") && line.includes("mpeg1video"));
}

describe.skipIf(!hasRtspServer())("the video of a camera", () => {
  test("is encoded while it has viewers, and no command line shows the password", async () => {
    await using scene = await openScene();
    const base = `127.0.0.1:${scene.port}`;
    const reply = await fetch(`http://${base}/?token=${TOKEN}`, { redirect: "manual" });
    const cookie = reply.headers.get("set-cookie")?.split(";")[0] ?? "";
    const before = videoProcesses().length;

    const video = new WebSocket(`ws://${base}/cameras/door/video`, {
      headers: { cookie, origin: `http://${base}` },
    });
    const [first] = await once(video, "message");
    // MPEG-TS (ISO/IEC 13818-1, section 2.4.3): packets of 188 bytes, each begins with 0x47.
    expect([first[0], first[188]]).toEqual([0x47, 0x47]);
    const playing = videoProcesses();
    expect(playing).toHaveLength(before + 1);
    expect(playing.join()).not.toMatch(/sekret|rtsp:/);
    video.close();
    await expect.poll(() => videoProcesses().length, { timeout: 10_000 }).toBe(before);
    expect(scene.logged.text).not.toMatch(/sekret|0123456789abcdef/);
  });
});

const chromium = findChromium();

describe.skipIf(chromium === undefined || !hasRtspServer())("the page", () => {
  const stack = new AsyncDisposableStack();
  let scene: Scene;
  let open: (size: { width: number; height: number }, scheme: "dark" | "light") => Promise<Page>;
  const complaints: string[] = [];

  beforeAll(async () => {
    scene = stack.use(await openScene());
    const browser = stack.adopt(await startChromium(chromium ?? ""), (one) => one.close());
    open = async (viewport, colorScheme) => {
      const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
      const base = `http://127.0.0.1:${scene.port}/`;
      page.on("console", (said) => {
        if (said.type() === "error") complaints.push(said.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("request", (request) => {
        if (!request.url().startsWith(base)) complaints.push(`asked ${request.url()}`);
      });
      await page.goto(`${base}?token=${TOKEN}`);
      return page;
    };
  });
  afterAll(() => stack.disposeAsync());

  test("shows the live camera, objects, events and the agent's health", async () => {
    await using page = await open({ width: 1280, height: 800 }, "dark");
    await page.locator(".camera[data-playing]").waitFor({ timeout: 30_000 });
    // The moving test card is not black.
    const { channels } = await sharp(await page.locator("canvas.video").screenshot()).stats();
    for (const { stdev } of channels.slice(0, 3)) expect(stdev).toBeGreaterThan(50);
    await page.getByText("person 1").waitFor();
    await page.getByRole("img", { name: "Live video of door: person 1" }).waitFor();
    const event = page.getByRole("log").getByRole("listitem").first();
    await event.getByText("door: porch").waitFor();
    await event.getByRole("img", { name: "person at door" }).waitFor();
    await page.getByText("connected, 2 waiting").waitFor();
    await page.getByText("1 h 2 min").waitFor();
    await photograph(page, "desktop-dark");
    expect(await barriers(page)).toEqual([]);
  });

  test("fits on a phone, in the light colour scheme", async () => {
    await using page = await open({ width: 390, height: 844 }, "light");
    await page.locator(".camera[data-playing]").waitFor({ timeout: 30_000 });
    await page.getByText("person 1").waitFor();
    await photograph(page, "phone-light");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    expect(await barriers(page)).toEqual([]);
  });

  test("edits zones with mouse or keyboard, and shows the YAML for the configuration", async () => {
    await using page = await open({ width: 1280, height: 900 }, "light");
    await page.getByRole("button", { name: "Zones and masks" }).click();
    await page.getByRole("button", { name: "New zone" }).click();
    await page.getByLabel("Name").fill("path");
    const corner = page.getByRole("button", { name: /^Corner 1 of 4/ });
    await corner.focus();
    for (const key of ["ArrowLeft", "ArrowUp", "Shift+ArrowUp", "Delete"]) await page.keyboard.press(key);
    const yaml = page.getByLabel("YAML for sabrewing.yml");
    const zones = async () => parse((await yaml.textContent()) ?? "").cameras.door.zones;
    const zone = async () => (await zones()).path.coordinates;
    expect(await zone()).toBe("0.65,0.35,0.65,0.65,0.35,0.65");

    const drawing = await page.locator(".polygons").boundingBox();
    const at = await page.getByRole("button", { name: /^Corner 1 of 3/ }).boundingBox();
    if (drawing === null || at === null) throw new Error("expected the drawing to be there");
    await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
    await page.mouse.down();
    await page.mouse.move(drawing.x + drawing.width * 0.9, drawing.y + drawing.height * 0.1, { steps: 4 });
    await page.mouse.up();
    const [x = 0, y = 0] = (await zone()).split(",").map(Number);
    expect([x.toFixed(1), y.toFixed(1)]).toEqual(["0.9", "0.1"]);
    // The existing shapes are unchanged.
    const { porch } = await zones();
    expect(porch).toEqual({ coordinates: "0.1,0.4,0.9,0.4,0.9,1,0.1,1", inertia: 2 });
    await photograph(page, "editor-light");
    expect(await barriers(page)).toEqual([]);
  });

  test("asks for the token, and reports a wrong one", async () => {
    await using page = await open({ width: 390, height: 700 }, "dark");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token").fill("not the token at all");
    await page.keyboard.press("Enter");
    await page.getByText("The token is wrong.").waitFor();
    await photograph(page, "enter-dark");
    expect(await barriers(page)).toEqual([]);
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Latest events" }).waitFor();
  });

  test("does not violate its own security policy, and loads nothing from other servers", () => {
    // The browser reports the status 401 of the page that asks for the token.
    expect(complaints.filter((text) => !text.includes("401 (Unauthorized)"))).toEqual([]);
  });
});
