import { describe, expect, test } from "vitest";
import { mjpegDepacketizer } from "../../../../agent/camera/rtsp/mjpeg.ts";
import { decodedFrames, encodeVideo } from "../../../support/camera/encoded-video.ts";
import { joinUnits, receivePackets } from "../../../support/camera/receive-packets.ts";
import { rtpPacket } from "../../../support/camera/rtp-packets.ts";

interface Jpeg {
  readonly tables: Buffer;
  readonly scan: Buffer;
}

/** The parts of a JPEG file that RTP transports. */
function readJpeg(file: Buffer): Jpeg {
  const tables: Buffer[] = [];
  let at = 2;
  while (file[at + 1] !== 0xda) {
    const length = file.readUInt16BE(at + 2);
    for (let table = at + 4; file[at + 1] === 0xdb && table < at + 2 + length; table += 65) {
      tables.push(file.subarray(table + 1, table + 65));
    }
    at += 2 + length;
  }
  return { tables: Buffer.concat(tables), scan: file.subarray(at + 2 + file.readUInt16BE(at + 2)) };
}

/** Splits a stream of JPEG files. */
function jpegFiles(stream: Buffer): Buffer[] {
  const files: Buffer[] = [];
  for (let at = 0; at >= 0 && at < stream.length; ) {
    const next = stream.indexOf(Buffer.from([0xff, 0xd8, 0xff]), at + 2);
    files.push(stream.subarray(at, next < 0 ? undefined : next));
    at = next;
  }
  return files;
}

const SIZE = { width: 320, height: 176 };

function send(
  files: readonly Buffer[],
  {
    quality = 255,
    type = 1,
    size = SIZE,
    restart = [] as readonly number[],
    marker = true,
    isMarkedAlways = false,
    sendsTables = (_: number): boolean => true,
  } = {},
): Buffer[] {
  let sequence = 0;
  return files.flatMap((file, index) => {
    const { tables, scan } = readJpeg(file);
    const pieces: Buffer[] = [];
    for (let at = 0; at < scan.length; at += 1000) {
      const isLast = at + 1000 >= scan.length;
      const own = sendsTables(index) ? tables : Buffer.alloc(0);
      const head = at > 0 || quality < 128 ? [] : [Buffer.from([0, 0, 0, own.length]), own];
      const header = [
        0,
        0,
        at >> 8,
        at & 255,
        type,
        quality,
        (size.width / 8) & 255,
        (size.height / 8) & 255,
      ];
      const payload = Buffer.concat([
        Buffer.from([...header, ...restart]),
        ...head,
        scan.subarray(at, at + 1000),
      ]);
      const isMarked = marker && (isLast || isMarkedAlways);
      pieces.push(rtpPacket({ payload, sequence: sequence++, timestamp: index * 3600, marker: isMarked }));
    }
    return pieces;
  });
}

function receive(packets: readonly Uint8Array[], size?: { readonly width: number; readonly height: number }) {
  return receivePackets(packets, mjpegDepacketizer({ clockRate: 90_000, fmtp: {}, ...(size && { size }) }), {
    isReliable: true,
  });
}

describe("mjpegDepacketizer", () => {
  const options = ["-pix_fmt", "yuvj420p", "-huffman", "default", "-q:v", "5"];
  const stream = encodeVideo("mjpeg", options, { size: "320x176", frames: 4 });
  const files = jpegFiles(stream);
  const frames = decodedFrames("mjpeg", stream);

  test("joins packets with tables in each frame, or in the first one", () => {
    expect(decodedFrames("mjpeg", joinUnits(receive(send(files))))).toEqual(frames);
    const once = receive(send(files, { quality: 200, sendsTables: (index) => index === 0 }));
    expect(decodedFrames("mjpeg", joinUnits(once))).toEqual(frames);
    // The tables of quality 255 may change with each frame.
    expect(receive(send(files, { sendsTables: (index) => index === 0 }))).toHaveLength(1);
  });

  test("ends frames without a marker, and ignores markers within frames", () => {
    const unmarked = receive(send([...files, ...files.slice(0, 1)], { marker: false }));
    expect(decodedFrames("mjpeg", joinUnits(unmarked))).toEqual(frames);
    const units = receive(send([...files, ...files.slice(0, 1)], { isMarkedAlways: true }));
    expect(decodedFrames("mjpeg", joinUnits(units.slice(-3)))).toEqual(frames.slice(-3));
  });

  test("drops frames with a lost packet, and no others", () => {
    const packets = send(files);
    const perFrame = send(files.slice(0, 1)).length;
    for (const lost of [perFrame, perFrame + 1]) {
      const units = receive(packets.toSpliced(lost, 1));
      expect(decodedFrames("mjpeg", joinUnits(units))).toEqual(frames.toSpliced(1, 1));
      expect(units.every(({ isKey, isDamaged }) => isKey && !isDamaged)).toBe(true);
    }
  });

  test("takes sizes that the header cannot state from the description", () => {
    const described = { width: 2560, height: 1920 };
    const [unit] = receive(send(files.slice(0, 1), { size: described }), described);
    expect(unit?.format?.size).toEqual(described);
    const none = { width: 0, height: 0 };
    expect(receive(send(files, { size: none }), described)[0]?.format?.size).toEqual(described);
    expect(receive(send(files, { size: none }))).toEqual([]);
    expect(receive(send(files), described)[0]?.format?.size).toEqual(SIZE);
  });

  test("writes restart intervals into the file", () => {
    const [unit] = receive(send(files.slice(0, 1), { type: 65, restart: [0, 20, 0xff, 0xff] }));
    expect(Buffer.from(unit?.data ?? []).includes(Buffer.from([0xff, 0xdd, 0, 4, 0, 20]))).toBe(true);
  });

  test.each([
    ["an unknown type", { type: 2 }],
    ["a quality of 0", { quality: 0 }],
  ])("drops packets with %s", (_, form) => {
    expect(receive(send(files, form))).toEqual([]);
  });
});
