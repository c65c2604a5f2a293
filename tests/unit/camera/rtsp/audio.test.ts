import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import {
  aacDepacketizer,
  decodeALaw,
  decodeLinear16,
  decodeMuLaw,
  readAacConfiguration,
} from "../../../../agent/camera/rtsp/audio.ts";
import { parseRtp } from "../../../../agent/camera/rtsp/rtp.ts";
import { rtpPacket } from "../../../support/camera/rtp-packets.ts";

describe("samples", () => {
  const codes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));

  test.each([
    ["mulaw", decodeMuLaw],
    ["alaw", decodeALaw],
    ["s16be", decodeLinear16],
  ] as const)("of %s are those that ffmpeg decodes", (format, decode) => {
    const words = [
      "-v",
      "error",
      "-f",
      format,
      "-ar",
      "8000",
      "-ac",
      "1",
      "-i",
      "pipe:0",
      "-f",
      "s16le",
      "-",
    ];
    const expected = execFileSync("ffmpeg", words, { input: codes });
    expect(Buffer.from(decode(codes).buffer)).toEqual(expected);
  });

  test("of an incomplete L16 sample are dropped", () => {
    expect([...decodeLinear16(Uint8Array.of(0x80, 0, 1))]).toEqual([-32_768]);
  });
});

describe("readAacConfiguration", () => {
  test.each([
    ["1408", { objectType: 2, sampleRate: 16_000, channels: 1, samplesPerFrame: 1024 }],
    ["1210", { objectType: 2, sampleRate: 44_100, channels: 2, samplesPerFrame: 1024 }],
    ["1214", { objectType: 2, sampleRate: 44_100, channels: 2, samplesPerFrame: 960 }],
    ["17803e8008", { objectType: 2, sampleRate: 32_000, channels: 1, samplesPerFrame: 1024 }],
    ["2b098800", { objectType: 5, sampleRate: 24_000, channels: 1, samplesPerFrame: 1024 }],
  ])("reads %s", (hex, expected) => {
    expect(readAacConfiguration(hex)).toMatchObject(expected);
  });

  test("keeps at most 256 bytes", () => {
    expect(readAacConfiguration(`1408${"00".repeat(10_000)}`)?.bytes).toHaveLength(256);
  });

  test.each(["", "14", "0000", "1688", "zz"])("refuses %j", (hex) => {
    expect(readAacConfiguration(hex)).toBeUndefined();
  });
});

describe("aacDepacketizer", () => {
  const fmtp = { mode: "AAC-hbr", sizelength: "13", indexlength: "3", indexdeltalength: "3", config: "1408" };
  const frame = (length: number, fill: number) => Buffer.alloc(length, fill);

  function receive(payloads: readonly Buffer[], parameters: Readonly<Record<string, string>> = fmtp) {
    const { push } = aacDepacketizer({ clockRate: 16_000, fmtp: parameters });
    return payloads.flatMap((payload) => {
      const packet = parseRtp(rtpPacket({ payload, sequence: 0, timestamp: 16_000 }), 0);
      return packet === undefined ? [] : push(packet);
    });
  }

  function packet(sizes: readonly number[], ...data: readonly Buffer[]): Buffer {
    const headers = Buffer.alloc(2 + 2 * sizes.length);
    headers.writeUInt16BE(16 * sizes.length);
    sizes.forEach((size, index) => {
      headers.writeUInt16BE(size << 3, 2 + 2 * index);
    });
    return Buffer.concat([headers, ...data]);
  }

  test("splits packets with several frames, each 1024 samples later", () => {
    expect(receive([packet([3, 5], frame(3, 1), frame(5, 2))])).toEqual([
      { data: frame(3, 1), streamSeconds: 1 },
      { data: frame(5, 2), streamSeconds: 1 + 1024 / 16_000 },
    ]);
  });

  test("joins the fragments of a frame", () => {
    const pieces = [packet([300], frame(200, 1)), packet([300], frame(100, 2))];
    expect(receive(pieces)).toEqual([
      { data: Buffer.concat([frame(200, 1), frame(100, 2)]), streamSeconds: 1 },
    ]);
  });

  test("reads the short headers of the low bit rate", () => {
    const payload = Buffer.concat([Buffer.from([0, 16, 3 << 2, 2 << 2]), frame(3, 1), frame(2, 2)]);
    expect(receive([payload], { mode: "AAC-lbr", config: "1408" }).map(({ data }) => data.length)).toEqual([
      3, 2,
    ]);
  });

  test("collects no fragments of a frame that is larger than AAC frames are", () => {
    const sizes = { ...fmtp, sizelength: "16", indexlength: "0", indexdeltalength: "0" };
    const fragments = (size: number) =>
      Array.from({ length: size / 1000 }, () => {
        return Buffer.concat([Buffer.from([0, 16, size >> 8, size & 255]), frame(1000, 1)]);
      });
    expect(receive(fragments(8_000), sizes)).toHaveLength(1);
    expect(receive(fragments(60_000), sizes)).toEqual([]);
  });

  test.each(["0", "-5", "64", "1e9", "x"])("ends with sizes of %s bits", (sizelength) => {
    const all = receive([packet([3], frame(3, 1))], {
      ...fmtp,
      sizelength,
      indexlength: "0",
      indexdeltalength: "0",
    });
    expect(all.length).toBeLessThan(20);
  });

  test("ends with index numbers of less than 0 bits", () => {
    const backwards = { ...fmtp, indexlength: "-13", indexdeltalength: "-13" };
    expect(receive([packet([3], frame(3, 1))], backwards)).toHaveLength(1);
  });

  test("reads sizes of a length that no header has as those of the usual length", () => {
    expect(receive([packet([3], frame(3, 1))], { ...fmtp, sizelength: "64" })).toHaveLength(1);
  });

  test("drops incomplete frames", () => {
    expect(receive([packet([3, 5], frame(3, 1), frame(4, 2))])).toHaveLength(1);
    expect(receive([Buffer.from([0])])).toEqual([]);
    expect(receive([packet([1], Buffer.alloc(0))], { ...fmtp, sizelength: "-5" })).toEqual([]);
  });
});
