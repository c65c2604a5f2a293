/**
 * Watches the same RTSP servers with cameras that idle and with cameras that decode everything, and compares their events.
 * For some of the encodings only: `npm run test:long -- idle-events -t "every 2 s"`.
 */
import { afterAll, describe, expect, test } from "vitest";
import type { IdleSetting } from "../../agent/camera/idle-mode.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { compareEvents, type EventDifferences } from "../support/camera/compare-events.ts";
import { CROWD, LOOKS, VISITORS, x264 } from "../support/camera/idle-cases.ts";
import { hasRtspServer } from "../support/camera/rtsp-camera.ts";
import { type Scene, type Watched, watchScenes } from "../support/camera/watch-pairs.ts";
import { mosquittoIsInstalled } from "../support/mqtt/brokers.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const person = findMedia("person.mp4");
const street = findMedia("street.mp4");
const canWatch =
  weights !== undefined &&
  person !== undefined &&
  street !== undefined &&
  mosquittoIsInstalled &&
  hasRtspServer();

type Look = keyof typeof LOOKS;

function scenesOf(look: Look, seconds: number, idle: readonly IdleSetting[]): readonly Scene[] {
  const filming = { look: LOOKS[look], encoder: x264(seconds) };
  return [
    { name: "person.mp4", source: person ?? "", passages: VISITORS, filming, idle },
    {
      name: "street.mp4",
      source: street ?? "",
      passages: CROWD,
      filming: { ...filming, size: { width: 768, height: 576 } },
      idle,
    },
  ];
}

interface Compared extends EventDifferences {
  readonly scene: keyof typeof CHANCE;
  readonly idle: IdleSetting;
  /** Of both cameras. */
  readonly decoded: number;
  readonly skipped: number;
}

const lines: string[] = [];

/**
 * On a busy machine, two cameras that decode everything differ as well: the detector skips other frames, and an encounter of
 * two of the nineteen people of street.mp4 ends in another way. The people of person.mp4 come one by one.
 */
const CHANCE = { "person.mp4": 0, "street.mp4": 0.15 };

/** If the detector has no time for more of the frames than this, a comparison says nothing. */
const MOST_SKIPPED = 0.15;

function expectSame(compared: Compared): void {
  const { scene, expected, received, otherZones, otherReasons, delays, skipped, decoded } = compared;
  const share = CHANCE[scene];
  expect(skipped / decoded, "skipped because the machine is busy").toBeLessThanOrEqual(MOST_SKIPPED);
  expect(expected).toBeGreaterThanOrEqual(6);
  expect(Math.abs(received - expected), "number").toBeLessThanOrEqual(share * expected);
  expect(otherReasons.length, "other end").toBeLessThanOrEqual(share * expected);
  if (share === 0) expect(otherZones, "zones").toEqual([]);
  expect(delays.length, "pairs").toBeGreaterThanOrEqual((1 - share) * expected);
}

/** Watches both scenes with two cameras each, and compares the second one with the first one. */
async function compare(look: Look, seconds: number, idle: IdleSetting): Promise<readonly Compared[]> {
  await using folder = await temporaryFolder();
  const all = await watchScenes(scenesOf(look, seconds, ["all", idle]), weights ?? "", folder.path);
  return [all.slice(0, 2), all.slice(2)].map(([reference, other], index) => {
    if (reference === undefined || other === undefined) throw new Error("expected two cameras of each scene");
    const compared = {
      ...compareEvents(reference.events, other.events),
      scene: index === 0 ? ("person.mp4" as const) : ("street.mp4" as const),
      idle,
      decoded: reference.decoded + other.decoded,
      skipped: reference.skipped + other.skipped,
    };
    lines.push(
      lineOf(`${reference.scene}, ${look}, key frame every ${seconds} s`, compared, reference, other),
    );
    console.log(lines.at(-1), ...detailsOf(compared, reference));
    return compared;
  });
}

function lineOf(what: string, compared: Compared, reference: Watched, other: Watched): string {
  const { delays, missing, additional, otherZones, otherReasons, skipped } = compared;
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / Math.max(delays.length, 1);
  return (
    `${what}, ${other.idle}: ${compared.received} of ${compared.expected} events, ` +
    `${missing.length} missing, ${additional.length} additional, ` +
    `${otherZones.length} with other zones, ${otherReasons.length} with another end; ` +
    `start ${mean.toFixed(2)} s later, at most ${Math.max(...delays).toFixed(2)} s; ` +
    `${other.decoded} of ${reference.decoded} frames decoded, ${skipped} skipped`
  );
}

function detailsOf(
  { missing, additional, otherZones, otherReasons }: Compared,
  reference: Watched,
): string[] {
  const start = reference.events[0]?.start ?? 0;
  const describeEvent = ({ start: from, end, zones, reason, label }: Watched["events"][number]) =>
    `${label} ${(from - start).toFixed(1)}-${(end - start).toFixed(1)} [${zones.join()}] ${reason}`;
  return [
    ...missing.map((event) => `\n  missing ${describeEvent(event)}`),
    ...additional.map((event) => `\n  additional ${describeEvent(event)}`),
    ...[...otherZones, ...otherReasons].map(
      ([one, other]) => `\n  ${describeEvent(one)} is ${describeEvent(other)}`,
    ),
  ];
}

afterAll(() => console.log(lines.join("\n")));

const looks = ["normal", "dim", "noisy"] as const;
const cameras = [
  ...looks.map((look) => ({ look, seconds: 1, idle: "auto" as const })),
  ...looks.map((look) => ({ look, seconds: 2, idle: "auto" as const })),
  ...looks.map((look) => ({ look, seconds: 4, idle: "keyframes" as const })),
  ...looks.map((look) => ({ look, seconds: 4, idle: "auto" as const })),
];

describe.skipIf(!canWatch).each(looks)("two cameras that decode everything, $0", (look) => {
  test("report the same events", async () => {
    for (const compared of await compare(look, 2, "all")) {
      expectSame(compared);
    }
  });
});

describe.skipIf(!canWatch).each(cameras)("$look, with a key frame every $seconds s and $idle", (camera) => {
  test("the same events as with all frames decoded, hardly later", async () => {
    for (const compared of await compare(camera.look, camera.seconds, camera.idle)) {
      expectSame(compared);
      const late = compared.delays.filter((delay) => delay > camera.seconds + 0.5);
      expect(late.length).toBeLessThanOrEqual(CHANCE[compared.scene] * compared.expected);
    }
  });
});
