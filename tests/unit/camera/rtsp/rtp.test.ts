import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { orderPackets, parseRtp } from "../../../../agent/camera/rtsp/rtp.ts";
import { rtpPacket } from "../../../support/camera/rtp-packets.ts";

const PAYLOAD = Buffer.from("payload");

describe("parseRtp", () => {
  const plain = rtpPacket({ payload: PAYLOAD, sequence: 65_535, timestamp: 0xffff_fff0, marker: true });

  test("reads the fields, and skips sources, extension and padding", () => {
    const expected = {
      payload: PAYLOAD,
      ...{ payloadType: 96, marker: true, sequence: 65_535, timestamp: 0xffff_fff0, arrivedMs: 5 },
      isAfterLoss: false,
    };
    expect(parseRtp(plain, 5)).toEqual(expected);
    const sources = Buffer.alloc(8, 1);
    const extension = Buffer.from([0xbe, 0xde, 0, 1, 9, 9, 9, 9]);
    const parts = [plain.subarray(0, 12), sources, extension, PAYLOAD, Buffer.from([0, 0, 3])];
    const full = Buffer.concat(parts);
    full[0] = 0x80 | 0x20 | 0x10 | 2;
    expect(parseRtp(full, 5)).toEqual(expected);
  });

  test.each([
    ["empty", Buffer.alloc(0)],
    ["shorter than the header", plain.subarray(0, 11)],
    ["of another version", Buffer.concat([Buffer.from([0x40]), plain.subarray(1)])],
    ["with more sources than bytes", Buffer.concat([Buffer.from([0x8f]), plain.subarray(1)])],
    ["with an extension beyond the end", Buffer.concat([Buffer.from([0x90]), plain.subarray(1)])],
    ["with more padding than payload", Buffer.concat([Buffer.from([0xa0]), plain.subarray(1)])],
    ["with a padding of 0", Buffer.concat([Buffer.from([0xa0]), plain.subarray(1), Buffer.alloc(1)])],
  ])("refuses packets that are %s", (_, bytes) => {
    expect(parseRtp(bytes, 0)).toBeUndefined();
  });
});

describe("orderPackets", () => {
  /** Sequence numbers, `!` after a loss. Arrival: a millisecond per packet. */
  function ordered(
    sequences: readonly number[],
    { isReliable = false, ssrcs = [] as readonly number[], types = [] as readonly number[], pace = 1 } = {},
  ): string[] {
    const order = orderPackets({ payloadTypes: [96], isReliable });
    return sequences.flatMap((sequence, at) =>
      order
        .push(
          rtpPacket({
            payload: PAYLOAD,
            ...{ sequence, timestamp: 0, ssrc: ssrcs[at] ?? 1, payloadType: types[at] ?? 96 },
          }),
          at * pace,
        )
        .map((packet) => `${packet.sequence}${packet.isAfterLoss ? "!" : ""}`),
    );
  }
  const strings = (...items: readonly (number | string)[]) => items.map(String);

  test("delivers all packets once and in order, however they were reordered within the window", () => {
    fc.assert(
      fc.property(
        fc.nat(65_535),
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 200 }),
        fc.array(fc.nat(199), { maxLength: 20 }),
        (first, delays, repeated) => {
          const numbers = delays.map((_, index) => (first + 1 + index) % 65_536);
          const sent = delays
            .map((delay, index) => ({ at: index + delay, sequence: numbers[index] ?? 0 }))
            .concat(repeated.map((at) => ({ at: at + 0.5, sequence: numbers[at % numbers.length] ?? 0 })))
            .sort((a, b) => a.at - b.at);
          expect(ordered([first, ...sent.map(({ sequence }) => sequence)])).toEqual(
            strings(first, ...numbers),
          );
        },
      ),
    );
  });

  test("waits for 64 packets, then goes on after the loss", () => {
    const later = Array.from({ length: 65 }, (_, index) => 102 + index);
    expect(ordered([100, ...later.slice(0, 64)])).toEqual(strings(100));
    expect(ordered([100, ...later])).toEqual(strings(100, "102!", ...later.slice(1)));
  });

  test("waits for 200 ms, then goes on after the loss, and drops the packet that comes too late", () => {
    expect(ordered([100, 102, 103], { pace: 200 })).toEqual(strings(100));
    expect(ordered([100, 102, 103, 101], { pace: 201 })).toEqual(strings(100, "102!", 103));
  });

  test("does not wait over TCP", () => {
    expect(ordered([100, 102, 103, 103, 101, 104], { isReliable: true })).toEqual(
      strings(100, "102!", 103, 104),
    );
  });

  test("starts again after a jump that continues, but not after a single stray packet", () => {
    expect(ordered([100, 101, 30_000, 102, 103])).toEqual(strings(100, 101, 102, 103));
    expect(ordered([100, 101, 30_000, 30_001, 30_002])).toEqual(strings(100, 101, "30000!", 30_001, 30_002));
    expect(ordered([5000, 0, 1], { isReliable: true })).toEqual(strings(5000, "0!", 1));
  });

  test("starts again with a new source", () => {
    expect(ordered([100, 101, 7, 8], { ssrcs: [1, 1, 2, 2] })).toEqual(strings(100, 101, "7!", 8));
  });

  test("drops packets of other types: they count in the sequence, but not from another source", () => {
    expect(ordered([100, 101, 102], { types: [96, 13, 96] })).toEqual(strings(100, 102));
    expect(ordered([100, 7, 101], { types: [96, 13, 96], ssrcs: [1, 2, 1] })).toEqual(strings(100, 101));
    // A loss before a packet of another type is reported with the next packet of the track.
    expect(ordered([100, 102, 103], { types: [96, 13, 96], isReliable: true })).toEqual(strings(100, "103!"));
    // RTCP on the same port: its length is no sequence number.
    expect(ordered([100, 103, 101], { types: [96, 72, 96], isReliable: true })).toEqual(strings(100, 101));
  });
});
