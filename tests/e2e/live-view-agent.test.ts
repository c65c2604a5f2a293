/** The installed agent with its live view: the page receives the results for a real clip. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import type { LiveMessage } from "../../agent/view/page/protocol.ts";
import { CAMERA } from "../../scripts/demonstration/agent-config.ts";
import { buildAgent } from "../../scripts/demonstration/build.ts";
import { startCamera } from "../../scripts/demonstration/camera.ts";
import { startAgent } from "../support/agent/agent-process.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { findChromium, startChromium } from "../support/browser/chromium.ts";
import { hasRtspServer } from "../support/camera/rtsp-camera.ts";
import { startAedes } from "../support/mqtt/brokers.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const clip = findMedia("person.mp4");
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TOKEN = "0123456789abcdef";

const chromium = findChromium();

/** Opens the page and waits until it plays the camera. @returns the browser's errors */
async function errorsWhilePlaying(address: string): Promise<readonly string[]> {
  await using browser = await startChromium(chromium ?? "");
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(address);
  await page.locator(".camera[data-live]").waitFor({ timeout: 30_000 });
  await page.locator(".camera[data-playing]").waitFor({ timeout: 30_000 });
  return errors;
}

test.skipIf(weights === undefined || clip === undefined || !hasRtspServer())(
  "the live view shows a person who walks past the camera, with a snapshot, and the agent's health",
  { timeout: 120_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    // Next to package.json, as installed. Other tests may build at the same time.
    const folder = stack.adopt(mkdtempSync(join(ROOT, "dist-")), (made) => rmSync(made, { recursive: true }));
    const broker = stack.adopt(await startAedes(), (started) => started.kill());
    const camera = stack.use(await startCamera(clip ?? ""));
    const agent = stack.use(
      await startAgent(
        weights ?? "",
        {
          broker: { host: "127.0.0.1", port: broker.port },
          prefix: "sabrewing",
          cameraUrl: camera.url,
          labels: ["person"],
          snapshots: false,
          statsIntervalSeconds: 5,
          view: { token: TOKEN },
        },
        { sabrewing: buildAgent(folder) },
      ),
    );
    const opened = () => agent.log.find(({ msg }) => msg.startsWith("the live view is open"));
    await waitUntil("the live view is open", () => opened() !== undefined, 60_000);
    const { port } = Object(opened());
    const base = `http://127.0.0.1:${port}`;
    const reply = await fetch(`${base}/?token=${TOKEN}`, { redirect: "manual" });
    const cookie = reply.headers.get("set-cookie")?.split(";")[0] ?? "";

    const heard: LiveMessage[] = [];
    const live = new WebSocket(`${base.replace("http", "ws")}/live`, { headers: { cookie, origin: base } });
    stack.defer(() => live.terminate());
    live.on("message", (text) => heard.push(JSON.parse(String(text))));
    const event = () => heard.find((message) => message.type === "event" && message.snapshots > 0);
    await waitUntil("an event with a snapshot", () => event() !== undefined, 60_000);
    expect(heard[0]).toMatchObject({
      type: "greeting",
      model: "yolov5n",
      cameras: [{ name: CAMERA, fps: 5 }],
    });
    expect(event()).toMatchObject({ camera: CAMERA, label: "person" });
    const sight = heard.findLast((message) => message.type === "sight");
    expect(sight).toMatchObject({ width: 768, height: 432 });
    const health = () => heard.findLast((message) => message.type === "health");
    await waitUntil("the camera's figures", () => health()?.cameras[0]?.online === true);
    expect(health()).toMatchObject({ broker: { connected: true } });

    const { id } = Object(event());
    for (const path of [`/events/${id}.jpg`, `/cameras/${CAMERA}.jpg`]) {
      const image = await fetch(base + path, { headers: { cookie } });
      expect([image.status, image.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
    }
    const past = await fetch(`${base}/history/events/${id}`, { headers: { cookie } });
    expect(await past.json()).toMatchObject({ camera: CAMERA, label: "person", width: 768, height: 432 });
    if (chromium !== undefined) expect(await errorsWhilePlaying(`${base}/?token=${TOKEN}`)).toEqual([]);
    await agent.process.stop();
    expect(agent.log.map(({ msg }) => msg)).toContain("stopped");
  },
);
