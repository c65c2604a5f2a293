/** Limits the packets that are processed per time, however many arrive. */
export interface PacketBudget {
  /**
   * Takes a packet out of the budget.
   * @param nowMs milliseconds of the monotonic clock
   * @returns `drop`: there is no budget left; `flood`: there has been none for a second
   */
  take(bytes: number, nowMs: number): "process" | "drop" | "flood";
}

/** As over TCP: 400 Mbit/s, in packets of the usual size. */
const BYTES_PER_MS = 2 ** 20 / 20;
const PACKETS_PER_MS = 50;
/** Two of the largest access units, which may arrive at once; a small frame of one has a few packets. */
const MOST_BYTES = 16 * 2 ** 20;
const MOST_PACKETS = 16_384;
const FLOOD_AFTER_MS = 1_000;

export function packetBudget(): PacketBudget {
  let bytesLeft = MOST_BYTES;
  let packetsLeft = MOST_PACKETS;
  let refilledMs: number | undefined;
  let emptySinceMs: number | undefined;
  return {
    take(bytes, nowMs) {
      const passedMs = nowMs - (refilledMs ?? nowMs);
      refilledMs = nowMs;
      bytesLeft = Math.min(MOST_BYTES, bytesLeft + passedMs * BYTES_PER_MS);
      packetsLeft = Math.min(MOST_PACKETS, packetsLeft + passedMs * PACKETS_PER_MS);
      if (bytesLeft >= bytes && packetsLeft >= 1) {
        bytesLeft -= bytes;
        packetsLeft--;
        if (bytesLeft > MOST_BYTES / 2 && packetsLeft > MOST_PACKETS / 2) emptySinceMs = undefined;
        return "process";
      }
      emptySinceMs ??= nowMs;
      return nowMs - emptySinceMs > FLOOD_AFTER_MS ? "flood" : "drop";
    },
  };
}
