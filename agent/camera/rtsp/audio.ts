import type { RtpPacket, TrackParameters } from "./access-unit.ts";
import { bitReader, unlessTooShort } from "./bit-reader.ts";
import { rtpClock } from "./rtp-clock.ts";

/** The configuration of an AAC decoder (AudioSpecificConfig; ISO/IEC 14496-3, 1.6.2.1). */
export interface AacConfiguration {
  /** 2: AAC-LC, 5: with spectral band replication. */
  readonly objectType: number;
  /** In Hz; before spectral band replication. */
  readonly sampleRate: number;
  /** 0: described in the stream. */
  readonly channels: number;
  readonly samplesPerFrame: 960 | 1024;
  /** As it was received. */
  readonly bytes: Uint8Array;
}

const SAMPLE_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];
const OWN_SAMPLE_RATE = 15;
const ESCAPED_OBJECT_TYPE = 31;
/** Channels of channelConfiguration 0 to 7. */
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8];
const MOST_CONFIGURATION_BYTES = 256;

/** Reads the `config` of the description (RFC 3640, 4.1). @returns undefined if it is invalid */
export function readAacConfiguration(hex: string): AacConfiguration | undefined {
  const bytes = Buffer.from(hex.slice(0, 2 * MOST_CONFIGURATION_BYTES), "hex");
  return unlessTooShort(() => {
    const bits = bitReader(bytes);
    const readObjectType = () => {
      const type = bits.take(5);
      return type === ESCAPED_OBJECT_TYPE ? 32 + bits.take(6) : type;
    };
    const readSampleRate = () => {
      const index = bits.take(4);
      return index === OWN_SAMPLE_RATE ? bits.take(24) : (SAMPLE_RATES[index] ?? 0);
    };
    const objectType = readObjectType();
    const sampleRate = readSampleRate();
    const channels = CHANNELS[bits.take(4)];
    if (objectType === 0 || sampleRate === 0 || channels === undefined) return undefined;
    const hasReplication = objectType === 5 || objectType === 29;
    if (hasReplication) {
      readSampleRate();
      readObjectType();
    }
    const samplesPerFrame = bits.take(1) === 1 ? 960 : 1024;
    return { objectType, sampleRate, channels, samplesPerFrame, bytes };
  });
}

/** One AAC frame. */
export interface AudioUnit {
  readonly data: Uint8Array;
  /** The stream's own time in seconds; starts anywhere. */
  readonly streamSeconds: number;
}

/** AAC frames have up to 768 bytes per channel. */
const MOST_FRAME_BYTES = 8192;
const NONE: readonly AudioUnit[] = [];

/** Splits and joins packets of AAC-hbr and AAC-lbr to frames (RFC 3640, 3.2 and 3.3). */
export function aacDepacketizer({ clockRate, fmtp }: TrackParameters): {
  push(packet: RtpPacket): readonly AudioUnit[];
} {
  const isLowRate = (fmtp.mode ?? "").toLowerCase() === "aac-lbr";
  const bitsOf = (name: string, usual: number) => {
    const bits = Number(fmtp[name] ?? usual);
    return Number.isInteger(bits) && bits >= 0 && bits <= 32 ? bits : usual;
  };
  const sizeBits = Math.max(1, bitsOf("sizelength", isLowRate ? 6 : 13));
  const indexBits = bitsOf("indexlength", isLowRate ? 2 : 3);
  const laterIndexBits = bitsOf("indexdeltalength", indexBits);
  const samples = readAacConfiguration(fmtp.config ?? "")?.samplesPerFrame ?? 1024;
  const seconds = rtpClock(clockRate);
  let fragments: Uint8Array[] = [];
  let fragmentBytes = 0;

  /** @returns the sizes of the frames, and where the frames begin */
  const readSizes = (payload: Uint8Array) =>
    unlessTooShort(() => {
      const bits = bitReader(payload);
      const headerBits = bits.take(16);
      const sizes: number[] = [];
      for (let read = 0; read + sizeBits <= headerBits; ) {
        sizes.push(bits.take(sizeBits));
        const index = sizes.length === 1 ? indexBits : laterIndexBits;
        bits.skip(index);
        read += sizeBits + index;
      }
      return { sizes, start: 2 + Math.ceil(headerBits / 8) };
    });

  const joinFragment = (data: Uint8Array, size: number, time: number): readonly AudioUnit[] => {
    fragments.push(data);
    fragmentBytes += data.length;
    if (fragmentBytes < size && size <= MOST_FRAME_BYTES) return NONE;
    const whole = Buffer.concat(fragments);
    fragments = [];
    fragmentBytes = 0;
    return whole.length === size ? [{ data: whole, streamSeconds: time }] : NONE;
  };

  return {
    push({ payload, timestamp, isAfterLoss }) {
      const time = seconds(timestamp);
      if (isAfterLoss) {
        fragments = [];
        fragmentBytes = 0;
      }
      const header = readSizes(payload);
      if (header === undefined) return NONE;
      const [first = 0] = header.sizes;
      const content = payload.subarray(header.start);
      // A fragment is alone in its packet, with the size of the whole frame.
      if (content.length === 0) return NONE;
      if (header.sizes.length === 1 && content.length < first) return joinFragment(content, first, time);
      let at = 0;
      return header.sizes.flatMap((size, index) => {
        const data = content.subarray(at, at + size);
        at += size;
        const streamSeconds = time + (index * samples) / clockRate;
        return size > 0 && data.length === size ? [{ data, streamSeconds }] : [];
      });
    },
  };
}

/** Decodes G.711 µ-law (PCMU; ITU-T G.711; RFC 3551, 4.5.14) to signed 16-bit samples. */
export function decodeMuLaw(payload: Uint8Array): Int16Array {
  return Int16Array.from(payload, (byte) => {
    const code = ~byte & 0xff;
    const value = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
    return code >= 0x80 ? -value : value;
  });
}

/** Decodes G.711 A-law (PCMA; ITU-T G.711; RFC 3551, 4.5.14) to signed 16-bit samples. */
export function decodeALaw(payload: Uint8Array): Int16Array {
  return Int16Array.from(payload, (byte) => {
    const code = byte ^ 0x55;
    const segment = (code >> 4) & 7;
    const step = ((code & 15) << 4) + 8;
    const value = segment === 0 ? step : (step + 0x100) << (segment - 1);
    return code >= 0x80 ? value : -value;
  });
}

/** Decodes L16 (RFC 3551, 4.5.11): signed 16-bit samples, big-endian, channels interleaved. Drops half a sample at the end. */
export function decodeLinear16(payload: Uint8Array): Int16Array {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return Int16Array.from({ length: payload.length >> 1 }, (_, index) => view.getInt16(2 * index));
}
