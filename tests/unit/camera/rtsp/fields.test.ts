import { expect, test } from "vitest";
import type { Depacketizer } from "../../../../agent/camera/rtsp/access-unit.ts";
import { h264Depacketizer } from "../../../../agent/camera/rtsp/h264.ts";
import { h265Depacketizer } from "../../../../agent/camera/rtsp/h265.ts";
import { accessUnits, encodeVideo, X264, x265 } from "../../../support/camera/encoded-video.ts";
import { receivePackets } from "../../../support/camera/receive-packets.ts";
import { packetize } from "../../../support/camera/rtp-packets.ts";

/** @param bits `0` and `1`; spaces separate values */
function bytesOf(header: number, bits: string): Uint8Array {
  const digits = bits.replaceAll(" ", "");
  const bytes = digits.match(/.{1,8}/g)?.map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2)) ?? [];
  return Uint8Array.from([header, ...bytes]);
}

/** 320×256, frame_mbs_only_flag 0, frame numbers of 4 bits (H.264, 7.3.2.1.1). */
const SEQUENCE = bytesOf(0x67, "01000010 00000000 00011110 1 1 011 010 0 000010100 0001000 0 0 1 0 0 1");
const PICTURE = bytesOf(0x68, "1 1 1 0 1 1 1 0 00 1 1 1 0 0 0 1");
/** The first slice of an access unit: macroblock 0, I slice, picture parameter set 0, frame number 3, field_pic_flag. */
const slice = (isField: boolean, isIdr = false) =>
  bytesOf(isIdr ? 0x65 : 0x61, `1 0001000 1 0011 ${isField ? "1 0" : "0"} 1 11111111`);

function fieldsOf(depacketizer: Depacketizer, packets: readonly Uint8Array[]): readonly boolean[] {
  return receivePackets(packets, depacketizer).map(({ isField = false }) => isField);
}

test("each access unit of H.264 says whether it is a field", () => {
  const units = [
    [SEQUENCE, PICTURE, slice(true, true)],
    [slice(true)],
    [slice(false)],
    [slice(true)],
    [slice(true)],
  ];
  const packets = packetize(
    units.map((unit) => unit.map((each) => Buffer.from(each))),
    { codec: "H264", mtu: 1000 },
  );
  const depacketizer = h264Depacketizer({ clockRate: 90_000, fmtp: {} });
  expect(fieldsOf(depacketizer, packets)).toEqual([true, true, false, true, true]);
});

test.each([
  ["H264", "h264", [...X264, "-x264-params", "aud=1:interlaced=1:keyint=10"], h264Depacketizer, false],
  ["H265", "hevc", x265("aud=1:keyint=10:interlace=tff"), h265Depacketizer, true],
] as const)("%s of a real encoder", (codec, format, options, depacketizer, isField) => {
  const units = accessUnits(codec, encodeVideo(format, options, { size: "320x256", frames: 20 }));
  const fields = fieldsOf(
    depacketizer({ clockRate: 90_000, fmtp: {} }),
    packetize(units, { codec, mtu: 1000 }),
  );
  expect(fields.length).toBeGreaterThan(15);
  expect(new Set(fields)).toEqual(new Set([isField]));
});
