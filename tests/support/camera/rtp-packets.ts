/** An RTP packet as bytes (RFC 3550, 5.1). */
export function rtpPacket({
  payload,
  sequence,
  timestamp,
  marker = false,
  payloadType = 96,
  ssrc = 1,
}: {
  readonly payload: Uint8Array;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker?: boolean;
  readonly payloadType?: number;
  readonly ssrc?: number;
}): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = payloadType | (marker ? 0x80 : 0);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp % 0x1_0000_0000, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

/** How a camera packetises NAL units. */
export interface Packetizing {
  readonly codec: "H264" | "H265";
  /** Puts small NAL units of an access unit into one packet. */
  readonly aggregates?: boolean;
  /** Sends decoding order numbers: STAP-B and FU-B, or DONL. */
  readonly hasOrder?: boolean;
  readonly mtu?: number;
  /** Sets the marker at the end of access units, of NAL units, or never. */
  readonly marker?: "access unit" | "nal unit" | "never";
  /** Timestamp of an access unit. */
  readonly timestamp?: (index: number) => number;
  readonly firstSequence?: number;
}

const ORDER = Buffer.from([0, 7]);
const DIFFERENCE = Buffer.from([1]);

/** The packets of access units, which are lists of NAL units without start codes. */
export function packetize(units: readonly (readonly Buffer[])[], options: Packetizing): Buffer[] {
  const { marker = "access unit", timestamp = (index) => index * 3600, firstSequence = 0 } = options;
  let sequence = firstSequence;
  return units.flatMap((unit, index) => {
    const groups = groupsOf(unit, options).map((group) => payloadsOf(group, options));
    return groups.flatMap((payloads, group) =>
      payloads.map((payload, piece) => {
        const endsNal = piece === payloads.length - 1;
        const endsUnit = endsNal && group === groups.length - 1;
        const isMarked = marker === "nal unit" ? endsNal : marker === "access unit" && endsUnit;
        return rtpPacket({ payload, sequence: sequence++, timestamp: timestamp(index), marker: isMarked });
      }),
    );
  });
}

/** NAL units that share a packet. */
function groupsOf(unit: readonly Buffer[], { aggregates = false, mtu = 1400 }: Packetizing): Buffer[][] {
  const groups: Buffer[][] = [];
  let room = 0;
  for (const nal of unit) {
    if (aggregates && groups.length > 0 && nal.length + 10 < room) groups.at(-1)?.push(nal);
    else {
      groups.push([nal]);
      room = mtu;
    }
    room -= nal.length + 10;
  }
  return groups;
}

function payloadsOf(group: readonly Buffer[], options: Packetizing): Buffer[] {
  const { codec, hasOrder = false, mtu = 1400 } = options;
  const [nal = Buffer.alloc(0)] = group;
  if (group.length > 1) return [aggregate(group, options)];
  if (nal.length > mtu) return fragments(nal, options);
  if (!hasOrder) return [nal];
  // Single H.264 units are not part of the interleaved mode.
  if (codec === "H264") return [aggregate(group, options)];
  return [Buffer.concat([nal.subarray(0, 2), ORDER, nal.subarray(2)])];
}

function aggregate(group: readonly Buffer[], { codec, hasOrder = false }: Packetizing): Buffer {
  const type = codec === "H264" ? [hasOrder ? 25 : 24] : [48 << 1, 1];
  const difference = codec === "H265" && hasOrder ? [DIFFERENCE] : [];
  return Buffer.concat([
    Buffer.from(type),
    ...(hasOrder ? [ORDER] : []),
    ...group.flatMap((nal, index) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(nal.length);
      return [...(index > 0 ? difference : []), length, nal];
    }),
  ]);
}

function fragments(nal: Buffer, { codec, hasOrder = false, mtu = 1400 }: Packetizing): Buffer[] {
  const headerBytes = codec === "H264" ? 1 : 2;
  const [first = 0, second = 0] = nal;
  const pieces: Buffer[] = [];
  for (let at = headerBytes; at < nal.length; at += mtu) {
    const isStart = at === headerBytes;
    const flags = (isStart ? 0x80 : 0) | (at + mtu >= nal.length ? 0x40 : 0);
    const header =
      codec === "H264"
        ? [(first & 0xe0) | (hasOrder && isStart ? 29 : 28), flags | (first & 31)]
        : [(first & 0x81) | (49 << 1), second, flags | ((first >> 1) & 63)];
    const order = hasOrder && isStart ? [ORDER] : [];
    pieces.push(Buffer.concat([Buffer.from(header), ...order, nal.subarray(at, at + mtu)]));
  }
  return pieces;
}
