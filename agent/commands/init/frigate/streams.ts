import { streamAddressMistake } from "../../../base/address-mistake.ts";
import type { Mapping } from "../../../base/mapping.ts";
import { type Rotation, rotationOf } from "../../../base/rotation.ts";
import { FFMPEG } from "./frigate-keys.ts";
import type { Remarks } from "./remarks.ts";
import { withoutRestream } from "./restream.ts";
import { rotationIn } from "./rotation.ts";
import { mappingOf, namesOf, textOf, withValues } from "./values.ts";
import type { Texts } from "./variables.ts";

/** The input that Sabrewing reads. */
export interface ChosenInput {
  /** For sabrewing.yml, with placeholders instead of secrets. */
  readonly path: string;
  readonly transport?: string;
  readonly rotate: Rotation;
  /** Of this input alone, if it has its own. */
  readonly hardwareArgs: unknown;
}

interface StreamContext {
  readonly camera: string;
  readonly go2rtc: unknown;
  readonly texts: Texts;
  readonly remarks: Remarks;
}

const UDP = /preset-rtsp-udp|-rtsp_transport\s+udp/;
/** Presets that fit RTSP: Sabrewing reads it in the same way. */
const ORDINARY = /^(?:preset-rtsp-[a-z-]+)?$/;

/**
 * Chooses the input with the role detect, or the next one that is an RTSP stream.
 * @param ffmpeg section of the camera, with the keys that it inherits
 * @returns undefined, and a remark, if the camera has no RTSP stream
 */
export function chooseInput(ffmpeg: Mapping, context: StreamContext): ChosenInput | undefined {
  const { camera, go2rtc, texts, remarks } = context;
  const written: readonly unknown[] = Array.isArray(ffmpeg.inputs) ? ffmpeg.inputs : [];
  const inputs = written.map(mappingOf);
  const forDetection = ({ roles }: Mapping) => namesOf(roles)?.includes("detect") === true;
  const ordered = [...inputs.filter(forDetection), ...inputs.filter((input) => !forDetection(input))];
  const key = `cameras.${camera}.ffmpeg.inputs`;
  const reasons: string[] = [];
  for (const input of ordered) {
    const path = textOf(input.path) ?? "";
    const source = withoutRestream(path, go2rtc);
    const address = "address" in source ? texts.address(camera, source.address) : undefined;
    if (!("address" in source) || address === undefined) {
      reasons.push("reason" in source ? source.reason : whyUnreadable(source.address));
      continue;
    }
    if (input !== ordered[0]) {
      remarks.add(
        "changed",
        key,
        `the input with the roles ${namesOf(input.roles)?.join(", ")} is read: ${reasons[0]}`,
      );
    }
    const isRestream = source.address !== path;
    if (isRestream)
      remarks.add("changed", key, "the stream is read from the camera instead of Frigate's go2rtc");
    const args = argsOf(input.input_args) || argsOf(ffmpeg.input_args);
    if (!ORDINARY.test(args) && !UDP.test(args)) {
      remarks.add("dropped", `${key}.input_args`, FFMPEG);
    }
    return {
      path: address,
      rotate: rotationOfInput(source.rotation, ffmpeg, context),
      ...withValues({ transport: UDP.test(args) && !isRestream ? "udp" : undefined }),
      hardwareArgs: input.hwaccel_args,
    };
  }
  const reason = reasons[0] ?? "it has no input";
  remarks.add("dropped", `cameras.${camera}`, `Sabrewing cannot read this camera: ${reason}`);
  return undefined;
}

/** The rotation by go2rtc and by the arguments with which Frigate's ffmpeg writes the frames for detection. */
function rotationOfInput(
  byRestream: Rotation | undefined,
  ffmpeg: Mapping,
  { camera, remarks }: StreamContext,
): Rotation {
  const key = `cameras.${camera}.ffmpeg.output_args.detect`;
  const args = argsOf(mappingOf(ffmpeg.output_args).detect);
  const byArgs = rotationIn(args);
  if (byRestream === undefined || byArgs === undefined) {
    remarks.add(
      "dropped",
      `cameras.${camera}`,
      "Sabrewing rotates the frames of a camera, but does not mirror them",
    );
    return 0;
  }
  if (byArgs !== 0) remarks.add("changed", key, `the rotation was converted to rotate: ${byArgs}`);
  else if (args !== "") remarks.add("dropped", key, FFMPEG);
  return rotationOf(byRestream + byArgs);
}

/** Quotes nothing of the address: any part may be a password. */
function whyUnreadable(address: string): string {
  if (!/^rtsp[sx]?:/i.test(address)) return "its stream is not RTSP";
  return `expected ${streamAddressMistake(address)?.expected ?? "an address of a stream"}`;
}

function argsOf(args: unknown): string {
  return (Array.isArray(args) ? args : [args ?? ""]).join(" ").trim();
}
