/** One MQTT control packet. */
export interface MqttPacket {
  /** Its type (MQTT 3.1.1, table 2.1). */
  readonly type: number;
  readonly qos: number;
  /** The whole packet. */
  readonly bytes: Buffer;
  /** The part after the fixed header. */
  readonly body: Buffer;
}

/** Splits a stream of bytes into packets (MQTT 3.1.1, section 2.2). */
export function splitMqttPackets(onPacket: (packet: MqttPacket) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let length = packetLength(rest); length !== undefined; length = packetLength(rest)) {
      const bytes = rest.subarray(0, length.total);
      rest = rest.subarray(length.total);
      const [first = 0] = bytes;
      onPacket({ type: first >> 4, qos: (first >> 1) & 3, bytes, body: bytes.subarray(length.header) });
    }
  };
}

/** Length of the first packet and of its header; undefined when the packet is incomplete. */
function packetLength(bytes: Buffer): { readonly header: number; readonly total: number } | undefined {
  let remaining = 0;
  for (let index = 1; index < Math.min(5, bytes.length); index++) {
    const digit = bytes.readUInt8(index);
    remaining += (digit & 127) * 128 ** (index - 1);
    if (digit >= 128) continue;
    const total = index + 1 + remaining;
    return bytes.length < total ? undefined : { header: index + 1, total };
  }
  return undefined;
}
