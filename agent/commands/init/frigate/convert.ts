import { ConfigError } from "../../../base/errors.ts";
import type { Mapping } from "../../../base/mapping.ts";
import type { FirstAnswers } from "../first-config.ts";
import { collectSecrets } from "../secrets.ts";
import { areasIn } from "./areas.ts";
import { translateMqtt } from "./broker.ts";
import { type CameraContext, freeName, keepsSnapshots, translateCamera } from "./camera.ts";
import { remarkDroppedKeys } from "./frigate-keys.ts";
import { withoutPixelMasks } from "./pixel-masks.ts";
import { collectRemarks, type Remark } from "./remarks.ts";
import {
  retainDays,
  translateDetect,
  translateFfmpeg,
  translateMotion,
  translateObjects,
  translateReview,
} from "./sections.ts";
import { settle } from "./settle.ts";
import { flagOf, mappingOf, withValues } from "./values.ts";
import { frigateTexts } from "./variables.ts";

export interface ConvertOptions extends Pick<CameraContext, "labels" | "keepThresholds"> {
  /** Path of the module, for sabrewing.yml. */
  readonly model: string;
  /** Replaces the broker of the file. */
  readonly broker: FirstAnswers["broker"] | undefined;
  readonly homeAssistant: boolean;
  /** Where images of events are kept, if Frigate keeps them. */
  readonly snapshotDirectory: string;
  /** The size of a stream; undefined if it does not answer. @param secrets the text of secrets.env */
  readonly streamSize: (name: string, address: string, secrets: string) => Promise<Size | undefined>;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A configuration of Sabrewing, and how it differs from that of Frigate. */
export interface Converted {
  readonly config: Mapping;
  /** The text of secrets.env. */
  readonly secrets: string;
  readonly remarks: readonly Remark[];
}

/**
 * Converts a configuration of Frigate 0.14 to 0.18. The result is valid; each difference has a remark.
 * @param file the parsed YAML
 * @throws ConfigError if it has no camera that Sabrewing can read
 */
export async function convertFrigate(file: Mapping, options: ConvertOptions): Promise<Converted> {
  const { labels, keepThresholds, model, broker, homeAssistant } = options;
  const cameras = Object.entries(mappingOf(file.cameras));
  if (cameras.length === 0) {
    throw new ConfigError(
      "the file has no cameras: expected a configuration of Frigate",
      "Give --from Frigate's config.yml.",
    );
  }
  const remarks = collectRemarks();
  const secrets = collectSecrets();
  const texts = frigateTexts(mappingOf(file.environment_vars), secrets, remarks);
  const everyKeeps = cameras.every(([, camera]) => keepsSnapshots(file, camera));
  const at = (key: string) => ({
    key,
    remarks,
    labels,
    keepThresholds,
    areas: areasIn(inFractions, remarks),
  });

  const objects = await translateObjects(withoutPixelMasks(file.objects), at("objects"));
  const commonTrack = Array.isArray(objects?.track) ? objects.track.map(String) : ["person"];
  const names = new Set<string>();
  const context: CameraContext = {
    ...{ file, texts, remarks, labels, keepThresholds, commonTrack },
    zoneNames: new Set(cameras.map(([name]) => freeName(name, "camera", new Set()))),
    snapshotDirectory: everyKeeps ? undefined : options.snapshotDirectory,
    streamSize: (name, address) => options.streamSize(name, address, secrets.file()),
  };
  const translated: [string, Mapping][] = [];
  for (const [written, camera] of cameras) {
    const name = freeName(written, "camera", names);
    names.add(name);
    if (name !== written) {
      remarks.add(
        "changed",
        `cameras.${written}`,
        `the camera is called ${name}: names contain only letters, digits, _ and -`,
      );
    }
    const result = await translateCamera(name, mappingOf(camera), context);
    if (result !== undefined) translated.push([name, result]);
  }

  if (cameras.some(([, camera]) => keepsSnapshots(file, camera))) {
    remarks.add(
      "changed",
      "snapshots.enabled",
      `the best JPEG of each event is kept in ${options.snapshotDirectory}`,
    );
  }
  if (file.model !== undefined || file.detectors !== undefined) {
    remarks.add("changed", "model", `${model} is used; Frigate's models do not run in Sabrewing`);
  }
  remarkDefaults(file, remarks);
  remarkDroppedKeys(file, remarks);
  const config = {
    mqtt: translateMqtt(mappingOf(file.mqtt), { broker, texts, secrets, remarks }),
    model: { path: model },
    ...(homeAssistant ? { homeassistant: { enabled: true } } : {}),
    ...withValues({
      ffmpeg: translateFfmpeg(mappingOf(file.ffmpeg), at("ffmpeg")),
      detect: translateDetect(mappingOf(file.detect), at("detect")),
      motion: await translateMotion(withoutPixelMasks(file.motion), at("motion")),
      objects: withValues({ ...objects, track: commonTrack.length === 0 ? undefined : objects?.track }),
      snapshots: withValues({
        directory: everyKeeps ? options.snapshotDirectory : undefined,
        retain_days: retainDays(mappingOf(file.snapshots)),
      }),
      review: translateReview(mappingOf(file.review), undefined),
    }),
    cameras: Object.fromEntries(translated),
  };
  const settled = settle(config, secrets.file(), remarks);
  const text = JSON.stringify(settled);
  const isUsed = (variable: string) => text.includes(`{${variable}}`);
  return {
    config: settled,
    // Cameras that were left out have secrets, too.
    secrets: secrets
      .file()
      .replaceAll(/^(\w+)=.*\n/gm, (line, variable: string) => (isUsed(variable) ? line : "")),
    remarks: remarks.all().filter(({ kind, key }) => kind !== "todo" || isUsed(key) || isThere(settled, key)),
  };
}

/** Whether the key that a remark names is in the configuration. */
function isThere(config: Mapping, key: string): boolean {
  const value = key.split(".").reduce<unknown>((at, part) => mappingOf(at)[part], config);
  return value !== undefined;
}

/** The frame size for a section at the top. It contains no pixels: masks in pixels are moved to the cameras. */
function inFractions(): Promise<Size> {
  return Promise.resolve({ width: 1, height: 1 });
}

/** Since 0.16, Frigate detects nothing unless `detect.enabled` is set. */
function remarkDefaults(file: Mapping, remarks: ReturnType<typeof collectRemarks>): void {
  const minor = Number(/^0\.(\d+)/.exec(String(file.version ?? ""))?.[1] ?? 0);
  if (minor < 16 || mappingOf(file.detect).enabled !== undefined) return;
  for (const [name, camera] of Object.entries(mappingOf(file.cameras))) {
    const { enabled, detect } = mappingOf(camera);
    if (flagOf(enabled) === false || mappingOf(detect).enabled !== undefined) continue;
    remarks.add(
      "changed",
      `cameras.${name}.detect.enabled`,
      "on by default in Sabrewing; this version of Frigate detects nothing unless it is set",
    );
  }
}
