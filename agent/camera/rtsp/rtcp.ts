/** Reports on the packets of one track (RTCP receiver reports, RFC 3550, 6.4.2 and appendix A). */
export interface Reception {
  /** Takes an RTP packet as received. */
  onRtp(packet: Buffer, arrivedMs: number): void;
  /**
   * Takes a compound RTCP packet of the camera.
   * @returns whether the camera announces the end of the track (BYE, 6.6)
   */
  onRtcp(packet: Buffer, arrivedMs: number): boolean;
  /** A report on the packets since the last one; undefined before the first packet. */
  report(nowMs: number): Buffer | undefined;
}

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const BYE = 203;
const SENDER_REPORT_BYTES = 28;
const RTP_HEADER_BYTES = 12;
/** Larger steps are a new sequence, not a loss (appendix A.1). */
const MOST_LOST = 3000;
const MOST_LATE = 100;
const MOST_CUMULATIVE = 0x7f_ffff;

/**
 * @param ssrc identifies this receiver in its reports, 32 bits
 * @param clockRate of the track
 */
export function watchReception(ssrc: number, clockRate: number): Reception {
  let source: Source | undefined;

  return {
    onRtp(packet, arrivedMs) {
      if (packet.length < RTP_HEADER_BYTES) return;
      const sequence = packet.readUInt16BE(2);
      const id = packet.readUInt32BE(8);
      const step = source === undefined ? 0 : ((sequence - source.highest) << 16) >> 16;
      const isNew = source === undefined || source.id !== id || step > MOST_LOST || step < -MOST_LATE;
      const current = source === undefined || isNew ? newSource(id, sequence) : source;
      source = current;
      if (step > 0 && !isNew) {
        if (sequence < current.highest) current.cycles++;
        current.highest = sequence;
      }
      current.received++;
      // Differences of the transit times of successive packets, smoothed (6.4.1 and A.8).
      const transit = Math.round((arrivedMs / 1000) * clockRate) - packet.readUInt32BE(4);
      const change = Math.abs((transit - (current.transit ?? transit)) | 0);
      current.transit = transit;
      current.jitter += (change - current.jitter) / 16;
    },
    onRtcp(packet, arrivedMs) {
      let isBye = false;
      for (let at = 0; at + 8 <= packet.length; at += 4 * (packet.readUInt16BE(at + 2) + 1)) {
        const type = packet[at + 1];
        if ((packet[at] ?? 0) >> 6 !== 2) break;
        if (source === undefined || packet.readUInt32BE(at + 4) !== source.id) continue;
        if (type === BYE) isBye = true;
        if (type !== SENDER_REPORT || at + SENDER_REPORT_BYTES > packet.length) continue;
        // The middle 32 of the 64 bits of the camera's time.
        source.lastReport = { time: packet.readUInt32BE(at + 10), arrivedMs };
      }
      return isBye;
    },
    report(nowMs) {
      if (source === undefined) return undefined;
      const block = reportBlock(source, nowMs);
      const header = Buffer.from([0x81, RECEIVER_REPORT, 0, 7, 0, 0, 0, 0]);
      header.writeUInt32BE(ssrc, 4);
      return Buffer.concat([header, block, sourceDescription(ssrc)]);
    },
  };
}

interface Source {
  readonly id: number;
  readonly first: number;
  /** Of the sequence numbers, 16 bits. */
  highest: number;
  cycles: number;
  received: number;
  /** At the last report. */
  expectedBefore: number;
  receivedBefore: number;
  /** Units of the clock rate. */
  transit: number | undefined;
  jitter: number;
  lastReport: { readonly time: number; readonly arrivedMs: number } | undefined;
}

function newSource(id: number, sequence: number): Source {
  return {
    ...{
      id,
      first: sequence,
      highest: sequence,
      cycles: 0,
      received: 0,
      expectedBefore: 0,
      receivedBefore: 0,
    },
    ...{ transit: undefined, jitter: 0, lastReport: undefined },
  };
}

function reportBlock(source: Source, nowMs: number): Buffer {
  const highest = source.cycles * 0x1_0000 + source.highest;
  const expected = highest - source.first + 1;
  const lost = Math.min(Math.max(0, expected - source.received), MOST_CUMULATIVE);
  const expectedNow = expected - source.expectedBefore;
  const lostNow = expectedNow - (source.received - source.receivedBefore);
  source.expectedBefore = expected;
  source.receivedBefore = source.received;
  const block = Buffer.alloc(24);
  block.writeUInt32BE(source.id, 0);
  block[4] = expectedNow > 0 && lostNow > 0 ? Math.min(255, Math.floor((256 * lostNow) / expectedNow)) : 0;
  block.writeUIntBE(lost, 5, 3);
  block.writeUInt32BE(highest % 0x1_0000_0000, 8);
  block.writeUInt32BE(Math.min(0xffff_ffff, Math.floor(source.jitter)), 12);
  if (source.lastReport !== undefined) {
    block.writeUInt32BE(source.lastReport.time, 16);
    const delay = Math.round(((nowMs - source.lastReport.arrivedMs) * 65_536) / 1000);
    block.writeUInt32BE(Math.min(0xffff_ffff, Math.max(0, delay)), 20);
  }
  return block;
}

/** Names this receiver, as every compound packet must (6.1): a CNAME and the end of the list. */
function sourceDescription(ssrc: number): Buffer {
  const name = Buffer.from("sabrewing");
  const item = Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([0])]);
  const padded = Buffer.concat([item, Buffer.alloc((4 - (item.length % 4)) % 4)]);
  const header = Buffer.from([0x81, SOURCE_DESCRIPTION, 0, 1 + padded.length / 4, 0, 0, 0, 0]);
  header.writeUInt32BE(ssrc, 4);
  return Buffer.concat([header, padded]);
}

/** A report of a receiver that has received nothing, sent before the first packet. */
export function emptyReceiverReport(): Buffer {
  return Buffer.from([0x80, RECEIVER_REPORT, 0, 1, 0, 0, 0, 0]);
}
