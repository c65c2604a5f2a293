import type { Size } from "../../../base/box.ts";
import { isMapping, type Mapping } from "../../../base/mapping.ts";
import { type Rotation, rotatedSize } from "../../../base/rotation.ts";
import { mergedSection } from "../../../config/global-sections.ts";
import { LONGEST_LEVEL } from "../../../config/topic-name.ts";
import { areasIn, polygonOf } from "./areas.ts";
import { withPixelMasks } from "./pixel-masks.ts";
import {
  retainDays,
  type SectionContext,
  translateDetect,
  translateFfmpeg,
  translateHardware,
  translateMotion,
  translateObjects,
  translateReview,
  translateZone,
} from "./sections.ts";
import { chooseInput } from "./streams.ts";
import { flagOf, mappingOf, namesOf, numberOf, withValues } from "./values.ts";
import type { Texts } from "./variables.ts";

export interface CameraContext extends Pick<SectionContext, "remarks" | "labels" | "keepThresholds"> {
  /** The whole file of Frigate. */
  readonly file: Mapping;
  readonly texts: Texts;
  /** The labels that the translated section `objects` at the top tracks. */
  readonly commonTrack: readonly string[];
  /** Names of zones in use, which this function extends: a zone's name must be unique in the file. */
  readonly zoneNames: Set<string>;
  /** Where images are kept; undefined: the section at the top sets it. */
  readonly snapshotDirectory: string | undefined;
  /** The size of a stream, whose address contains placeholders; undefined if it does not answer. */
  readonly streamSize: (name: string, address: string) => Promise<Size | undefined>;
}

/** The size that Frigate assumes for a stream that does not answer. */
const FRIGATES_SIZE: Size = { width: 1280, height: 720 };

/** A camera of sabrewing.yml, or undefined, and a remark, if it has no stream that Sabrewing can read. */
export async function translateCamera(
  name: string,
  camera: Mapping,
  context: CameraContext,
): Promise<Mapping | undefined> {
  const { file, texts, remarks, labels, keepThresholds } = context;
  const whole = (section: string) => mappingOf(mergedSection(file[section], camera[section] ?? undefined));
  const own = (section: string) => mappingOf(camera[section]);
  const input = chooseInput(whole("ffmpeg"), { camera: name, go2rtc: file.go2rtc, texts, remarks });
  if (input === undefined) return undefined;

  const address = flagOf(camera.enabled) === false ? undefined : input.path;
  const areas = areasIn(
    () => frameSize(name, whole("detect"), { address, rotate: input.rotate }, context),
    remarks,
  );
  const at = (section: string): SectionContext => ({
    key: `cameras.${name}.${section}`,
    ...{ remarks, areas, labels, keepThresholds },
  });
  const objects = await translateObjects(withPixelMasks(file.objects, camera.objects), at("objects"));
  const motion = await translateMotion(withPixelMasks(file.motion, camera.motion), at("motion"));
  const ownTrack = objects?.track;
  const track = Array.isArray(ownTrack) ? ownTrack.map(String) : context.commonTrack;
  const tracksNothing = track.length === 0;
  if (tracksNothing) {
    remarks.add(
      "changed",
      `cameras.${name}.detect.enabled`,
      "off, because the camera tracks no label of the module",
    );
  }
  const { path, transport, hardwareArgs } = input;
  const hardware = translateHardware(hardwareArgs, `cameras.${name}.ffmpeg.inputs.hwaccel_args`, remarks);
  const zones = await translateZones(tracksNothing ? ["person"] : track);
  return {
    ...withValues({ enabled: flagOf(camera.enabled), rotate: input.rotate || undefined }),
    ffmpeg: {
      inputs: [{ path, ...withValues({ transport }) }],
      ...translateFfmpeg(own("ffmpeg"), at("ffmpeg")),
      ...withValues({ hwaccel_args: hardware }),
    },
    ...withValues({
      detect: withValues({
        ...translateDetect(own("detect"), at("detect")),
        ...(tracksNothing ? { enabled: false } : {}),
      }),
      motion,
      objects: withValues({ ...objects, track: tracksNothing ? undefined : ownTrack }),
      zones: zones.translated,
      snapshots: snapshotsOf(name, camera, context),
      review: translateReview(reviewWithZones(), zones.names),
    }),
  };

  async function translateZones(tracked: readonly string[]) {
    const names = new Map<string, string>();
    const translated: [string, Mapping][] = [];
    for (const [written, zone] of Object.entries(mappingOf(camera.zones))) {
      const key = `cameras.${name}.zones.${written}`;
      const corners = polygonOf(mappingOf(zone).coordinates);
      const result = await translateZone(mappingOf(zone), corners, tracked, { ...at("zones"), key });
      if (result === undefined) continue;
      const zoneName = freeName(written, name, context.zoneNames);
      context.zoneNames.add(zoneName);
      if (zoneName !== written) {
        const reason = "names are unique and contain only letters, digits, _ and -";
        remarks.add("changed", key, `the zone is called ${zoneName}: ${reason}`);
      }
      names.set(written, zoneName);
      translated.push([zoneName, result]);
    }
    return { names, translated: withValues(Object.fromEntries(translated)) };
  }

  /** Zones required at the top of the file are those of each camera. */
  function reviewWithZones(): Mapping {
    const severities = ["alerts", "detections"].map((severity) => {
      const { required_zones: required } = mappingOf(whole("review")[severity]);
      const lost = namesOf(required)?.filter((zone) => !zones.names.has(zone)) ?? [];
      if (lost.length > 0) {
        const remaining =
          namesOf(required)?.length === lost.length
            ? "objects anywhere in the frame count"
            : "the other zones count";
        const reason = `${lost.join(", ")}: the camera has no such zone; ${remaining}`;
        remarks.add("dropped", `cameras.${name}.review.${severity}.required_zones`, reason);
      }
      return [severity, { ...mappingOf(own("review")[severity]), required_zones: required }] as const;
    });
    return Object.fromEntries(severities);
  }
}

/** The size of the frame to which a camera's pixels refer. If `address` is undefined, the stream is not tried. */
async function frameSize(
  name: string,
  detect: Mapping,
  { address, rotate }: { readonly address: string | undefined; readonly rotate: Rotation },
  { streamSize, remarks }: CameraContext,
): Promise<Size> {
  const [width, height] = [numberOf(detect.width), numberOf(detect.height)];
  if (width !== undefined && height !== undefined) return { width, height };
  const size = address === undefined ? undefined : await streamSize(name, address);
  if (size !== undefined) return rotatedSize(size, rotate);
  const { width: assumed, height: lines } = FRIGATES_SIZE;
  remarks.add(
    "todo",
    `cameras.${name}`,
    `check zones and masks: they are in pixels, and ${assumed}×${lines} was assumed, because the size of the stream is unknown`,
  );
  return FRIGATES_SIZE;
}

function snapshotsOf(
  name: string,
  camera: Mapping,
  { file, remarks, snapshotDirectory }: CameraContext,
): Mapping | undefined {
  const keeps = keepsSnapshots(file, camera);
  const publishes = flagOf(mappingOf(camera.mqtt).enabled) === true;
  if (publishes) {
    remarks.add(
      "changed",
      `cameras.${name}.mqtt.enabled`,
      "this camera publishes JPEGs of objects over MQTT (snapshots.enabled)",
    );
  }
  return withValues({
    enabled: publishes ? true : undefined,
    directory: keeps ? snapshotDirectory : undefined,
    retain_days: keeps ? retainDays(mappingOf(camera.snapshots)) : undefined,
  });
}

/** Whether Frigate keeps images of the camera's events. */
export function keepsSnapshots(file: Mapping, camera: unknown): boolean {
  const snapshots = isMapping(camera) ? mergedSection(file.snapshots, camera.snapshots) : undefined;
  return flagOf(mappingOf(snapshots).enabled) === true;
}

/** A name for topics that is not taken. */
export function freeName(written: string, owner: string, taken: ReadonlySet<string>): string {
  const plain = written.replaceAll(/[^A-Za-z0-9_-]+/g, "_").slice(0, LONGEST_LEVEL) || "unnamed";
  if (!taken.has(plain)) return plain;
  const own = `${owner.slice(0, 40)}_${plain.slice(0, 50)}`;
  let name = own;
  for (let number = 2; taken.has(name); number++) name = `${own}_${number}`;
  return name;
}
