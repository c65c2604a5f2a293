/** Key frames and leading frames of real streams, and display orientations. */
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { h264Depacketizer } from "../../../../agent/camera/rtsp/h264.ts";
import { h265Depacketizer } from "../../../../agent/camera/rtsp/h265.ts";
import { readSupplemental } from "../../../../agent/camera/rtsp/supplemental.ts";
import {
  accessUnits,
  decodedFrames,
  encodeVideo,
  X264,
  x265,
} from "../../../support/camera/encoded-video.ts";
import { joinUnits, kindsOf, receivePackets } from "../../../support/camera/receive-packets.ts";
import { packetize } from "../../../support/camera/rtp-packets.ts";

const x264 = (options: string) => [...X264, "-x264-params", `aud=1:scenecut=0:${options}`];

function receive(codec: "H264" | "H265", units: readonly (readonly Buffer[])[]) {
  const open = codec === "H264" ? h264Depacketizer : h265Depacketizer;
  const packets = packetize(units, { codec, mtu: 60_000 });
  return receivePackets(packets, open({ clockRate: 90_000, fmtp: {} }), { isReliable: true });
}

describe.each([
  ["H264", "h264", x264("open-gop=1:keyint=12:bframes=2:b-adapt=0")],
  ["H265", "hevc", x265("aud=1:keyint=12:min-keyint=12:scenecut=0:open-gop=1:bframes=2:b-adapt=0")],
] as const)("%s with open groups", (codec, format, options) => {
  const stream = encodeVideo(format, options, { frames: 48 });
  const units = accessUnits(codec, stream);
  const kinds = kindsOf(receive(codec, units));
  const second = kinds.indexOf("K", 1);

  test("has key frames that are followed by leading frames", () => {
    expect(kinds).toMatch(/^K[.]+(Kl+[.]+)+$/);
  });

  test("loses the leading frames of the key frame at which it starts, and decodes the others as before", () => {
    const from = units.slice(second);
    const sets = (units[0] ?? []).slice(0, codec === "H264" ? 3 : 4);
    const received = receive(codec, [[...sets, ...(from[0] ?? [])], ...from.slice(1)]);
    const leading = kinds.slice(second + 1).search(/[^l]/);
    expect(kindsOf(received)).toBe(`K${kinds.slice(second + 1 + leading)}`);
    // In display order the leading frames come before the key frame.
    const shown = decodedFrames(format, joinUnits(received));
    expect(shown).toEqual(decodedFrames(format, stream).slice(-shown.length));
  });

  test("loses them also after a loss", () => {
    const packets = packetize(units, { codec, mtu: 60_000 });
    const open = codec === "H264" ? h264Depacketizer : h265Depacketizer;
    const before = packetize(units.slice(0, second - 1), { codec, mtu: 60_000 }).length;
    const after = receivePackets(packets.toSpliced(before - 1, 1), open({ clockRate: 90_000, fmtp: {} }), {
      isReliable: true,
    });
    expect(kindsOf(after)).toMatch(/^K[.]+x+K[.]+(Kl+[.]+)+$/);
  });
});

describe("intra refresh", () => {
  const units = accessUnits(
    "H264",
    encodeVideo("h264", x264("intra-refresh=1:keyint=12:bframes=0"), { frames: 48 }),
  );

  test("starts at a recovery point, which is no key frame in a whole stream", () => {
    expect(kindsOf(receive("H264", units))).toBe(`K${".".repeat(47)}`);
    const [first = []] = units;
    const sets = first.filter(([head = 0]) => [7, 8].includes(head & 31));
    const late = units.slice(3);
    const kinds = kindsOf(receive("H264", [[...sets, ...(late[0] ?? [])], ...late.slice(1)]));
    expect(kinds).toMatch(/^x{1,12}K[.]+$/);
  });
});

describe("display orientation", () => {
  const stream = encodeVideo("h264", x264("keyint=12"), { frames: 24 });
  const turn = (angle: string) =>
    execFileSync(
      "ffmpeg",
      [
        "-v",
        "error",
        "-f",
        "h264",
        "-i",
        "pipe:0",
        "-c",
        "copy",
        "-bsf:v",
        `h264_metadata=${angle}`,
        "-f",
        "h264",
        "-",
      ],
      { input: stream, stdio: ["pipe", "pipe", "ignore"] },
    );

  test.each([
    // ffmpeg's angle is anticlockwise, as in the message.
    ["display_orientation=insert:rotate=90", 270],
    ["display_orientation=insert:rotate=-90", 90],
    ["display_orientation=insert:rotate=180", 180],
    ["display_orientation=insert:flip=horizontal+vertical", 180],
    ["display_orientation=insert:rotate=0", 0],
  ])("%s: frames are turned by %i degrees", (angle, rotation) => {
    const received = receive("H264", accessUnits("H264", turn(angle)));
    expect(new Set(received.map((unit) => unit.rotation))).toEqual(new Set([rotation]));
  });

  test("is read of H.265, too, behind other messages", () => {
    // 90 degrees clockwise are 270 anticlockwise, 0xc000 of 0x10000.
    const orientation = [47, 4, 0x18, 0x00, 0x10, 0x80];
    const unit = Uint8Array.from([0x4e, 1, 5, 2, 9, 9, ...orientation, 0x80]);
    expect(readSupplemental("H265", unit)).toEqual({ rotation: 90 });
    expect(readSupplemental("H265", unit.subarray(0, 8))).toEqual({});
  });
});
