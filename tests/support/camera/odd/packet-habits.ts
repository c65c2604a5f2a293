import type { Habit } from "./odd-proxy.ts";

/** RTP's clock for video, per second. */
const CLOCK_RATE = 90_000;
const WRAPS_AT = 2 ** 32;

/** Replaces the RTP time of each packet. @param time gets the true one, and the seconds since the first packet */
export function withTimes(start: () => (time: number, seconds: number) => number): Pick<Habit, "onPackets"> {
  return {
    onPackets: (visit) => {
      const timeOf = start();
      return (packet) => {
        const changed = Buffer.from(packet);
        const time = timeOf(packet.readUInt32BE(4), visit.sinceFirstPacketMs() / 1000);
        changed.writeUInt32BE(((time % WRAPS_AT) + WRAPS_AT) % WRAPS_AT, 4);
        return [changed];
      };
    },
  };
}

/** RTP time that jumps by this many seconds in the middle of the stream. */
export function jump(bySeconds: number, afterSeconds: number): Pick<Habit, "onPackets"> {
  return withTimes(() => (time, seconds) => (seconds > afterSeconds ? time + bySeconds * CLOCK_RATE : time));
}

/** RTP time that passes from 2³² − 1 to 0 a while after the start. */
export function wrap(afterSeconds: number): Pick<Habit, "onPackets"> {
  return withTimes(() => {
    let first: number | undefined;
    return (time) => {
      first ??= time;
      return WRAPS_AT - afterSeconds * CLOCK_RATE + (time - first);
    };
  });
}

/** Sets the marker bit, which ends an access unit, to the same value in every packet. */
export function allMarkers(isSet: boolean): Pick<Habit, "onPackets"> {
  return {
    onPackets: () => (packet) => {
      const changed = Buffer.from(packet);
      changed[1] = ((packet[1] ?? 0) & 0x7f) | (isSet ? 0x80 : 0);
      return [changed];
    },
  };
}

/** Drops the packets that hold a part of a key frame (H.264, types 5, 7 and 8). */
export function withoutKeyFrames(): Pick<Habit, "onPackets"> {
  return {
    onPackets: () => (packet) => {
      const [indicator = 0, fragment = 0] = packet.subarray(12);
      const type = (indicator & 31) === 28 ? fragment & 31 : indicator & 31;
      return [5, 7, 8].includes(type) ? [] : [packet];
    },
  };
}

/** Drops every n-th packet. */
export function losing(every: number): Pick<Habit, "onPackets"> {
  return {
    onPackets: () => {
      let count = 0;
      return (packet) => (++count % every === 0 ? [] : [packet]);
    },
  };
}

/** Sends every packet twice. */
export function twice(): Pick<Habit, "onPackets"> {
  return { onPackets: () => (packet) => [packet, packet] };
}

/** Exchanges each packet with its successor. */
export function exchanged(): Pick<Habit, "onPackets"> {
  return {
    onPackets: () => {
      let held: Buffer | undefined;
      return (packet) => {
        const first = held;
        held = first === undefined ? packet : undefined;
        return first === undefined ? [] : [packet, first];
      };
    },
  };
}

/** Goes on for some seconds, then sends no more packets. */
export function silentAfter(seconds: number): Pick<Habit, "onPackets"> {
  return {
    onPackets: (visit) => (packet) => (visit.sinceFirstPacketMs() > seconds * 1000 ? [] : [packet]),
  };
}

/** Closes the connection after some seconds. */
export function closesAfter(seconds: number): Pick<Habit, "onPackets"> {
  return {
    onPackets: (visit) => (packet) => {
      if (visit.sinceFirstPacketMs() > seconds * 1000) visit.close();
      return [packet];
    },
  };
}
