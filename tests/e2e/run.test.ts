import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { EventMessage } from "../../agent/events/event.ts";
import { CAMERA } from "../../scripts/demonstration/agent-config.ts";
import { startCamera } from "../../scripts/demonstration/camera.ts";
import { startAgent } from "../support/agent/agent-process.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { type Heard, listen, startAedes } from "../support/mqtt/brokers.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const clip = findMedia("person.mp4");
const python = spawnSync("/usr/bin/python3", ["-c", "import gi; gi.require_version('GstRtspServer', '1.0')"]);
const canServeRtsp = python.status === 0;

test.skipIf(weights === undefined || clip === undefined || !canServeRtsp)(
  "publishes an event when a person walks past an RTSP camera, and ends it on SIGTERM",
  { timeout: 120_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const broker = stack.adopt(await startAedes(), (started) => started.kill());
    const listener = stack.adopt(await listen(broker.port), (started) => started.stop());
    const { heard } = listener;
    const camera = stack.use(await startCamera(clip ?? ""));
    const state = stack.use(await temporaryFolder());
    const agent = stack.use(
      await startAgent(weights ?? "", {
        broker: { host: "127.0.0.1", port: broker.port },
        prefix: "sabrewing",
        cameraUrl: camera.url,
        labels: ["person", "car"],
        snapshots: true,
        statsIntervalSeconds: 1,
        stateDirectory: state.path,
      }),
    );

    // An event passes through the outbox, a count does not: either may arrive first.
    await waitUntil(
      "a person comes into view",
      () =>
        countsOf(heard, "person").at(-1) === "1" && events(heard).length > 0 && snapshotsOf(heard).length > 0,
      60_000,
    );
    const [first] = events(heard);
    expect(first).toMatchObject({
      type: "new",
      after: {
        camera: CAMERA,
        label: "person",
        end_time: null,
        false_positive: false,
        has_snapshot: true,
        revision: 1,
        detector: { precision: "f32", runtime: "wasmer", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      },
    });
    expect(first?.after.id).toMatch(/^\d{10}\.\d{6}-[a-z0-9]{6}$/);
    expect(countsOf(heard, "car")).toEqual(["0"]);
    expect([...(snapshotsOf(heard)[0]?.subarray(0, 3) ?? [])]).toEqual([0xff, 0xd8, 0xff]);
    expect(stats(heard).at(-1)).toMatchObject({ cameras: { [CAMERA]: { detection_enabled: true } } });
    expect(agent.log.map(({ msg }) => msg)).toContain("ready");

    await agent.process.stop();
    await waitUntil("the agent is offline", () => last(heard, "sabrewing/available") === "offline");
    expect(await agent.process.ended).toBe("exit code 0");
    const ended = events(heard).filter(({ type }) => type === "end");
    expect(ended.map(({ after }) => after.id)).toEqual([first?.after.id]);
    expect(ended[0]?.after.end_time).toBe(ended[0]?.after.frame_time);
    expect(countsOf(heard, "person").at(-1)).toBe("0");
    expect(last(heard, `sabrewing/${CAMERA}/status`)).toBe("offline");
    // The event history belongs to the live view, which is disabled.
    expect(readdirSync(state.path)).toContain("outbox.db");
    expect(readdirSync(state.path)).not.toContain("history");
  },
);

function events(heard: readonly Heard[]): readonly EventMessage[] {
  return heard.filter(({ topic }) => topic === "sabrewing/events").map(({ payload }) => JSON.parse(payload));
}

function stats(heard: readonly Heard[]): readonly unknown[] {
  return heard.filter(({ topic }) => topic === "sabrewing/stats").map(({ payload }) => JSON.parse(payload));
}

function countsOf(heard: readonly Heard[], label: string): readonly string[] {
  return heard.filter(({ topic }) => topic === `sabrewing/${CAMERA}/${label}`).map(({ payload }) => payload);
}

function snapshotsOf(heard: readonly Heard[]): readonly Uint8Array[] {
  return heard
    .filter(({ topic }) => topic === `sabrewing/${CAMERA}/person/snapshot`)
    .map(({ bytes }) => bytes);
}

function last(heard: readonly Heard[], topic: string): string | undefined {
  return heard.findLast((message) => message.topic === topic)?.payload;
}
