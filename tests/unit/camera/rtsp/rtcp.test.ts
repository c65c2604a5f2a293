import { describe, expect, test } from "vitest";
import { watchReception } from "../../../../agent/camera/rtsp/rtcp.ts";

const SOURCE = 0x1234_5678;

function rtp(sequence: number, timestamp: number, source = SOURCE): Buffer {
  const packet = Buffer.alloc(12);
  packet[0] = 0x80;
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(timestamp, 4);
  packet.writeUInt32BE(source, 8);
  return packet;
}

/** The fields of the only block of a receiver report. */
function block(report: Buffer | undefined) {
  if (report === undefined) throw new Error("no report");
  return {
    source: report.readUInt32BE(8),
    fraction: report[12],
    lost: report.readUIntBE(13, 3),
    highest: report.readUInt32BE(16),
    jitter: report.readUInt32BE(20),
    lastReport: report.readUInt32BE(24),
    delay: report.readUInt32BE(28),
  };
}

describe("a receiver report", () => {
  test("is a compound packet with a name (RFC 3550, 6.1)", () => {
    const reception = watchReception(7, 90_000);
    expect(reception.report(0)).toBeUndefined();
    reception.onRtp(rtp(1, 0), 0);
    const report = reception.report(0);
    expect(report?.subarray(0, 8)).toEqual(Buffer.from([0x81, 201, 0, 7, 0, 0, 0, 7]));
    expect(report?.subarray(32, 34)).toEqual(Buffer.from([0x81, 202]));
    const words = report?.readUInt16BE(34) ?? 0;
    expect(report).toHaveLength(32 + 4 * (words + 1));
    expect(report?.subarray(40, 51).toString("latin1")).toBe("\x01\x09sabrewing");
  });

  test("counts lost packets, also across the wrap of the sequence number", () => {
    const reception = watchReception(7, 90_000);
    for (const sequence of [65_533, 65_534, 0, 2, 3, 3]) reception.onRtp(rtp(sequence, 0), 0);
    // Seven were expected: 65535 and 1 are missing, and a duplicate counts as received.
    expect(block(reception.report(0))).toMatchObject({ highest: 0x1_0003, lost: 1, fraction: 36 });
    reception.onRtp(rtp(5, 0), 0);
    expect(block(reception.report(0))).toMatchObject({ lost: 2, fraction: 128 });
    expect(block(reception.report(0))).toMatchObject({ lost: 2, fraction: 0 });
  });

  test("measures the jitter of the arrival times", () => {
    const reception = watchReception(7, 90_000);
    reception.onRtp(rtp(1, 0), 0);
    reception.onRtp(rtp(2, 9_000), 100);
    expect(block(reception.report(0)).jitter).toBe(0);
    reception.onRtp(rtp(3, 18_000), 300);
    expect(block(reception.report(0)).jitter).toBe(Math.floor(9_000 / 16));
  });

  test("echoes the camera's last report and the time since then", () => {
    const reception = watchReception(7, 90_000);
    reception.onRtp(rtp(1, 0), 0);
    const sender = Buffer.alloc(28);
    sender.set([0x80, 200, 0, 6]);
    sender.writeUInt32BE(SOURCE, 4);
    sender.writeUInt32BE(0xaaaa_bbbb, 8);
    sender.writeUInt32BE(0xcccc_dddd, 12);
    expect(reception.onRtcp(sender, 1_000)).toBe(false);
    expect(block(reception.report(1_500))).toMatchObject({ lastReport: 0xbbbb_cccc, delay: 32_768 });
  });

  test("does not count a jump of the sequence number as a loss", () => {
    const reception = watchReception(7, 90_000);
    for (const sequence of [1, 2, 20_000, 20_001]) reception.onRtp(rtp(sequence, 0), 0);
    expect(block(reception.report(0))).toMatchObject({ lost: 0, highest: 20_001 });
  });

  test("starts anew with another source", () => {
    const reception = watchReception(7, 90_000);
    reception.onRtp(rtp(1, 0), 0);
    reception.onRtp(rtp(500, 0, 9), 0);
    expect(block(reception.report(0))).toMatchObject({ source: 9, lost: 0, highest: 500 });
  });
});

test("the camera's goodbye is seen in a compound packet, that of other sources is not", () => {
  const reception = watchReception(7, 90_000);
  reception.onRtp(rtp(1, 0), 0);
  const bye = (source: number) => {
    const packet = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 203, 0, 1, 0, 0, 0, 0]);
    packet.writeUInt32BE(source, 12);
    return packet;
  };
  expect(reception.onRtcp(bye(9), 0)).toBe(false);
  expect(reception.onRtcp(bye(SOURCE), 0)).toBe(true);
  expect(reception.onRtcp(bye(SOURCE).subarray(0, 15), 0)).toBe(false);
});
