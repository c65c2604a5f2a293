/** Access units of H.264 and H.265 from packets of every kind, with all habits of cameras. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { h264Depacketizer } from "../../../../agent/camera/rtsp/h264.ts";
import { h265Depacketizer } from "../../../../agent/camera/rtsp/h265.ts";
import {
  accessUnits,
  decodedFrames,
  encodeVideo,
  X264,
  x265,
} from "../../../support/camera/encoded-video.ts";
import { joinUnits, kindsOf, receivePackets } from "../../../support/camera/receive-packets.ts";
import { type Packetizing, packetize } from "../../../support/camera/rtp-packets.ts";

const GROUP = 15;
const ENCODERS = {
  H264: {
    format: "h264",
    options: [...X264, "-bf", "2", "-x264-params", `aud=1:slices=2:keyint=${GROUP}:scenecut=0`],
    depacketizer: h264Depacketizer,
  },
  H265: {
    format: "hevc",
    options: x265(`aud=1:keyint=${GROUP}:min-keyint=${GROUP}:scenecut=0:open-gop=0:bframes=2`),
    depacketizer: h265Depacketizer,
  },
} as const;

const CODECS = ["H264", "H265"] as const;
const units: Record<"H264" | "H265", Buffer[][]> = { H264: [], H265: [] };
const frames: Record<"H264" | "H265", string[]> = { H264: [], H265: [] };
const FIRST_GROUP = new RegExp(`^K.{${GROUP - 1}}`);
const CUT_GROUP = `K${"x".repeat(GROUP)}`;
const ALL = `K${".".repeat(GROUP - 1)}`.repeat(3);

beforeAll(() => {
  for (const codec of CODECS) {
    const { format, options } = ENCODERS[codec];
    const stream = encodeVideo(format, options, { frames: 3 * GROUP });
    units[codec] = accessUnits(codec, stream);
    frames[codec] = decodedFrames(format, stream);
  }
}, 60_000);

function receive(
  packets: readonly Uint8Array[],
  codec: "H264" | "H265",
  fmtp: Readonly<Record<string, string>> = {},
  isReliable = false,
) {
  const depacketizer = ENCODERS[codec].depacketizer({ clockRate: 90_000, fmtp });
  return receivePackets(packets, depacketizer, { isReliable });
}

describe.each(CODECS)("%s", (codec) => {
  const forms: Readonly<Record<string, Omit<Packetizing, "codec">>> = {
    "one NAL unit per packet": { mtu: 60_000 },
    fragments: { mtu: 90 },
    "aggregates and fragments": { aggregates: true, mtu: 500 },
    "aggregates and fragments with decoding order numbers": { aggregates: true, hasOrder: true, mtu: 500 },
    "fragments with decoding order numbers": { hasOrder: true, mtu: 90 },
    "a marker after each NAL unit": { marker: "nal unit", mtu: 500 },
    "no marker": { marker: "never", mtu: 500 },
    "no marker and a timestamp that stands still": { marker: "never", mtu: 500, timestamp: () => 7 },
    "a timestamp that stands still": { timestamp: () => 7 },
    "wrapping timestamps and sequence numbers": {
      timestamp: (index) => (2 ** 32 - 36_000 + index * 3600) % 2 ** 32,
      firstSequence: 65_530,
    },
  };
  test.each(Object.entries(forms))("decodes to the same frames: %s", (_, form) => {
    // Without a usable marker an access unit waits for the next one: the first one follows again.
    const sent = [...units[codec], ...units[codec].slice(0, 1)];
    const packets = packetize(sent, { codec, ...form });
    const all = receive(packets, codec, form.hasOrder === true ? { "sprop-max-don-diff": "2" } : {});
    // The first marker between two slices cuts a frame in two; from then on the marker is ignored.
    const isCut = form.marker === "nal unit" && codec === "H264";
    const received = all.slice(0, isCut ? ALL.length + 1 : ALL.length);
    expect(decodedFrames(ENCODERS[codec].format, joinUnits(received))).toEqual(frames[codec]);
    expect(kindsOf(received)).toBe(isCut ? ALL.replace(FIRST_GROUP, CUT_GROUP) : ALL);
  });

  test("marks every access unit from a loss to the next whole key frame as damaged", () => {
    const packets = packetize(units[codec], { codec, mtu: 300 });
    const owners = ownersOf(units[codec], codec);
    fc.assert(
      // The first access unit is not preceded by another one with the parameter sets.
      fc.property(
        fc.integer({ min: owners.findIndex(({ unit }) => unit > 0), max: packets.length - 2 }),
        (lost) => {
          const { unit = 0, isSlice = false } = owners[lost] ?? {};
          const next = ALL.indexOf("K", unit + 1);
          const end = next < 0 ? ALL.length : next;
          // A key frame is whole without its delimiter and its messages; its parameter sets are known from before.
          const isWhole = ALL[unit] === "K" && !isSlice;
          const damaged = isWhole ? ALL.slice(unit, end) : "x".repeat(end - unit);
          const kinds = kindsOf(receive(packets.toSpliced(lost, 1), codec, {}, true));
          // Without the beginning of its only slice nothing is left of an access unit.
          const possible = [damaged, ...(isSlice ? [damaged.slice(1)] : [])];
          expect(possible.map((middle) => ALL.slice(0, unit) + middle + ALL.slice(end))).toContain(kinds);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("reordered and repeated packets make no difference", () => {
    const packets = packetize(units[codec], { codec, mtu: 300 });
    const whole = joinUnits(receive(packets, codec));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(packets.length - 2), fc.integer({ min: 1, max: 30 })), { maxLength: 20 }),
        fc.array(fc.nat(packets.length - 2), { maxLength: 20 }),
        (moves, repeated) => {
          // The first packet starts the sequence, the last one ends the wait.
          const sent = packets.slice(1, -1).map((packet, at) => ({ packet, at }));
          for (const [index, distance] of moves) {
            // Not added up: a packet that is later than 64 others counts as lost.
            const moved = sent[index % sent.length];
            if (moved !== undefined) moved.at = (index % sent.length) + distance + 0.5;
          }
          for (const index of repeated) {
            const twice = sent[index % sent.length];
            if (twice !== undefined) sent.push({ packet: twice.packet, at: twice.at + 3.25 });
          }
          sent.sort((a, b) => a.at - b.at);
          const all = [...packets.slice(0, 1), ...sent.map(({ packet }) => packet), ...packets.slice(-1)];
          const received = receive(all, codec);
          expect(kindsOf(received)).toBe(ALL);
          expect(joinUnits(received).equals(whole)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("key frames contain the described parameter sets if the stream has none", () => {
    const isSet = ([first = 0]: Buffer) =>
      codec === "H264" ? [7, 8].includes(first & 31) : [32, 33, 34].includes(first >> 1);
    const sets = (units[codec][0] ?? []).filter(isSet);
    const bare = units[codec].map((unit) => unit.filter((nal) => !isSet(nal)));
    const packets = packetize(bare, { codec });
    expect(kindsOf(receive(packets, codec))).toMatch(/^x+$/);
    const text = sets.map((set) => set.toString("base64"));
    const fmtp: Readonly<Record<string, string>> =
      codec === "H264"
        ? { "sprop-parameter-sets": text.join(",") }
        : { "sprop-vps": text[0] ?? "", "sprop-sps": text[1] ?? "", "sprop-pps": text[2] ?? "" };
    const received = receive(packets, codec, fmtp);
    expect(kindsOf(received)).toBe(ALL);
    // The decoder can start at each of them.
    const last = received.slice(-GROUP);
    expect(decodedFrames(ENCODERS[codec].format, joinUnits(last))).toEqual(frames[codec].slice(-GROUP));
  });

  test("starts with the first key frame, wherever the session begins", () => {
    const packets = packetize(units[codec], { codec, mtu: 300 });
    for (const start of [1, 2, 5, 9, 20]) {
      const kinds = kindsOf(receive(packets.slice(start), codec));
      expect(kinds).toMatch(/^(x*|K[.]{14})(K[.]{14}){2}$/);
    }
  });

  test("drops access units above 8 MB, and goes on with the next key frame", () => {
    const [first = []] = units[codec];
    const isSlice = ([head = 0]: Buffer) => (codec === "H264" ? (head & 31) === 5 : head >> 1 < 32);
    const huge = first.map((nal) => (isSlice(nal) ? Buffer.concat([nal, Buffer.alloc(9 * 2 ** 20)]) : nal));
    const packets = packetize([...units[codec].slice(0, 3), huge, ...units[codec].slice(1)], {
      codec,
      mtu: 60_000,
    });
    const received = receive(packets, codec);
    expect(kindsOf(received)).toBe(`K..${"x".repeat(GROUP - 1)}${ALL.slice(GROUP)}`);
  });
});

/** What each packet carries. */
function ownersOf(all: readonly (readonly Buffer[])[], codec: "H264" | "H265") {
  return all.flatMap((nals, unit) =>
    nals.flatMap((nal) => {
      const [first = 0] = nal;
      const isSlice = codec === "H264" ? (first & 31) <= 5 : first >> 1 < 32;
      return packetize([[nal]], { codec, mtu: 300 }).map(() => ({ unit, isSlice }));
    }),
  );
}
