import type { AccessUnit, Depacketizer, TrackParameters } from "../../../agent/camera/rtsp/access-unit.ts";
import {
  aacDepacketizer,
  decodeALaw,
  decodeLinear16,
  decodeMuLaw,
} from "../../../agent/camera/rtsp/audio.ts";
import { h264Depacketizer } from "../../../agent/camera/rtsp/h264.ts";
import { h265Depacketizer } from "../../../agent/camera/rtsp/h265.ts";
import { mjpegDepacketizer } from "../../../agent/camera/rtsp/mjpeg.ts";
import { mpeg4Depacketizer } from "../../../agent/camera/rtsp/mpeg4.ts";
import { orderPackets } from "../../../agent/camera/rtsp/rtp.ts";
import { vp8Depacketizer } from "../../../agent/camera/rtsp/vp8.ts";
import { packetize, rtpPacket } from "../camera/rtp-packets.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import type { FuzzTarget } from "./target.ts";

const H264_SETS = [
  Buffer.from("Z0IAKeKQFAe2AtwEBAaQeJEV", "base64"),
  Buffer.from("aM48gA==", "base64"),
  Buffer.from("Bi8FgAAAgIA=", "base64"),
];
const H265_SETS = [
  Buffer.from("QAEMAf//AWAAAAMAkAAAAwAAAwAelZgJ", "base64"),
  Buffer.from("QgEBAWAAAAMAkAAAAwAAAwAeoAoCD/Flla5MLgIAAAMAAgAAAwBkEA==", "base64"),
  Buffer.from("RAHBcrRiQA==", "base64"),
];
const WORDS = [
  ...[0, 1, 5, 6, 7, 24, 25, 26, 28, 29].map((type) => Uint8Array.of(0x60 | type)),
  ...[1, 16, 19, 21, 33, 39, 48, 49, 50].map((type) => Uint8Array.of(type << 1, 1)),
  ...[Uint8Array.of(0, 0, 1), Uint8Array.of(0, 0, 3), Uint8Array.of(0x80), Uint8Array.of(0, 0, 1, 0xb6)],
  ...H264_SETS,
  ...H265_SETS,
];
/** Limits of an access unit, with the parameter sets before it. */
const MOST_UNIT_BYTES = 9 * 2 ** 20;

interface Seed {
  readonly open: (parameters: TrackParameters) => Depacketizer;
  readonly packets: readonly Uint8Array[];
}

/** Frames of random content behind valid headers, in packets of every kind. */
function makeSeeds(): readonly Seed[] {
  const content = Buffer.from(Array.from({ length: 900 }, (_, index) => (index * 37) & 255));
  const unit = (header: readonly number[], length: number) =>
    Buffer.concat([Buffer.from(header), content.subarray(0, length)]);
  const h264 = [
    [...H264_SETS, unit([0x65, 0x88], 700)],
    [unit([0x41, 0x9a], 300), unit([0x41, 0x20], 20)],
    [unit([0x01, 0x9e], 50)],
  ];
  const h265 = [
    [...H265_SETS, unit([0x2a, 1, 0xac], 700)],
    [unit([0x12, 1, 0xd0], 200)],
    [unit([2, 1, 0xd0], 90)],
  ];
  const forms = [
    {},
    { aggregates: true },
    { aggregates: true, hasOrder: true },
    { marker: "never" },
  ] as const;
  const whole = (payloads: readonly Buffer[]) =>
    payloads.map((payload, sequence) =>
      rtpPacket({ payload, sequence, timestamp: 3600 * (sequence >> 1), marker: sequence % 2 === 1 }),
    );
  const jpeg = (offset: number, type: number, quality: number) =>
    unit(
      [0, 0, offset >> 8, offset & 255, type, quality, 40, 22, ...(quality > 127 ? [0, 0, 0, 128] : [])],
      400,
    );
  const volume = Buffer.from("000001b001000001b50900000100000001200084c1a44053008000", "hex");
  return [
    ...forms.flatMap((form): Seed[] => [
      { open: h264Depacketizer, packets: packetize(h264, { codec: "H264", mtu: 250, ...form }) },
      { open: h265Depacketizer, packets: packetize(h265, { codec: "H265", mtu: 250, ...form }) },
    ]),
    {
      open: mjpegDepacketizer,
      packets: whole([jpeg(0, 1, 40), jpeg(400, 1, 40), jpeg(0, 0, 255), jpeg(272, 0, 255)]),
    },
    {
      open: mpeg4Depacketizer,
      packets: whole([
        Buffer.concat([volume, unit([0, 0, 1, 0xb6, 0x10], 300)]),
        content,
        unit([0, 0, 1, 0xb6, 0x50], 99),
        content,
      ]),
    },
    {
      open: vp8Depacketizer,
      packets: whole([
        unit([0x90, 0x80, 5, 0x10, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0], 200),
        unit([0x80, 0x80, 5], 99),
        unit([0x10, 1], 99),
      ]),
    },
  ];
}

interface Mutant {
  readonly open: Seed["open"];
  readonly fmtp: Readonly<Record<string, string>>;
  readonly isReliable: boolean;
  readonly packets: readonly Uint8Array[];
}

/** A camera's RTP packets, on their way to the decoder: mutants of the packets, and of their number and order. */
export function depacketizerTarget(): FuzzTarget {
  const seeds = makeSeeds();
  return {
    make(random): Mutant {
      const { open = h264Depacketizer, packets = [] } = seeds[at(random, seeds.length)] ?? {};
      const rate = random();
      const rounds = 1 + at(random, 4);
      const sent = Array.from({ length: rounds * packets.length }, (_, index) => {
        const packet = Buffer.from(packets[index % packets.length] ?? []);
        const sequence = random() < 0.1 ? at(random, 65_536) : index;
        packet.writeUInt16BE(sequence, 2);
        // The header stays valid more often than the payload.
        if (random() > rate) return packet;
        if (random() < 0.2) return mutatedBytes(packet, random, WORDS);
        return Buffer.concat([packet.subarray(0, 12), mutatedBytes(packet.subarray(12), random, WORDS)]);
      });
      const moved = sent.flatMap((packet) =>
        random() < 0.05 ? [] : random() < 0.05 ? [packet, packet] : [packet],
      );
      const fmtp =
        random() < 0.3 ? { "sprop-max-don-diff": "1", sizelength: String(at(random, 40) - 4) } : {};
      return { open, fmtp, isReliable: random() < 0.5, packets: moved };
    },
    feed(mutant) {
      const { open, fmtp, isReliable, packets } = mutant as Mutant;
      const parameters = { clockRate: 90_000, fmtp };
      const depacketizer = open(parameters);
      const audio = aacDepacketizer(parameters);
      const order = orderPackets({ payloadTypes: [96], isReliable });
      const received = packets.reduce((sum, { length }) => sum + length, 0);
      let units = 0;
      packets.forEach((bytes, index) => {
        for (const packet of order.push(bytes, index * 20)) {
          for (const unit of depacketizer.push(packet)) {
            requireSound(unit, received);
            units++;
          }
          audio.push(packet);
          for (const decode of [decodeALaw, decodeLinear16, decodeMuLaw]) decode(packet.payload);
        }
      });
      return units > 0;
    },
  };
}

function requireSound(unit: AccessUnit, received: number): void {
  const { length } = unit.data;
  // Each packet adds start codes at most, each key frame parameter sets or a header that were received before.
  const isBounded = length === unit.bytes && length <= Math.min(MOST_UNIT_BYTES, 20 * received + 2000);
  const isConsistent = unit.isKey === (unit.format !== undefined) && !(unit.isKey && unit.isDamaged);
  const isNumber = Number.isFinite(unit.streamSeconds) && [0, 90, 180, 270].includes(unit.rotation);
  if (!isBounded || !isConsistent || !isNumber) {
    const { data: _, ...rest } = unit;
    throw new Error(`an unsound access unit of ${length} bytes: ${JSON.stringify(rest)}`);
  }
}
