import { connect as connectTcp, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { TlsOptions } from "./tls.ts";

/** The broker violates the protocol or floods the agent: the agent disconnects. */
export class BrokerBreach extends Error {
  override readonly name = "BrokerBreach";
}

/** Commands are a few bytes long. mqtt.js buffers a whole packet before it emits it. */
const LONGEST_PACKET_BYTES = 1_000_000;
/** SUBACK has a byte for each topic, the others have a few bytes. mqtt.js makes a list of what SUBACK grants. */
const LONGEST_ANSWER_BYTES = 10_000;
/**
 * The budget for messages, and how much of it the broker regains each second. Messages are commands. An automation that
 * repeats a command without a pause sends ten thousand before a person notices, and the last one counts.
 */
const BURST = { messages: 20_000, bytes: 4_000_000 };
const REGAINED_PER_SECOND = { messages: 500, bytes: 100_000 };
/** Answers to packets that the agent did not send: a correct broker sends none. */
const MOST_STRAY_ANSWERS = 100;
/** After this many packets the event loop handles other work. */
const PACKETS_PER_TURN = 50;
/** Enough for the snapshots of many cameras, which are published again on every connect. */
const MOST_UNSENT_BYTES = 64_000_000;

// Control packet types that a client of QoS 1 receives (MQTT 3.1.1, table 2.1).
const [CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP] = [2, 3, 4, 9, 13];
const ANSWERS: readonly (number | undefined)[] = [CONNACK, PUBACK, SUBACK, PINGRESP];
const ANSWERED: readonly string[] = ["subscribe", "pingreq"];

/** Opens a socket to the broker, with TLS if the protocol is `mqtts`. Errors are emitted as events of the socket. */
export function openSocket(host: string, port: number, { protocol, ...tls }: TlsOptions): Socket {
  if (protocol === "mqtt") return connectTcp({ host, port });
  // SNI takes host names only, not addresses (RFC 6066, section 3).
  return connectTls({ host, port, ...tls, ...(isIP(host) === 0 ? { servername: host } : {}) });
}

/**
 * The bytes to and from a broker, for mqtt.js, which reads without limits: it parses a whole chunk of up to 64 kB, then
 * handles all packets in it before the event loop turns, and keeps each unreleased message of QoS 2.
 *
 * Reads the header of every packet (MQTT 3.1.1, section 2.2) before mqtt.js sees it. A token bucket limits messages; answers
 * are counted against the packets that the agent sent. The stream fails with `BrokerBreach` if a packet is longer than a
 * megabyte, has QoS 2 (the agent subscribes with QoS 1 at most), has a type that no client receives, or exceeds the budget,
 * or if the broker leaves 64 MB unread.
 */
export class BrokerStream extends Duplex {
  readonly #socket: Socket;
  readonly #nowMs: () => number;
  readonly #header = packetHeaders();
  /** Bytes read from the socket and not yet passed on. */
  #pending: Buffer = Buffer.alloc(0);
  #isWanted = false;
  #isResting = false;
  /** 1: the CONNACK for the first packet. */
  #expectedAnswers = 1;
  #strayAnswers = 0;
  #isAccepted = false;
  #budget = { ...BURST };
  #budgetAtMs: number;

  /** @param nowMs milliseconds of a monotonic clock */
  constructor(socket: Socket, nowMs: () => number) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#nowMs = nowMs;
    this.#budgetAtMs = nowMs();
    socket.on("data", (chunk: Buffer) => {
      socket.pause();
      this.#pending = chunk;
      this.#pass();
    });
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    socket.pause();
  }

  /** Counts a packet that the agent sends after CONNECT, if the broker answers it. */
  sent(packet: { readonly cmd: string; readonly qos?: number }): void {
    if (ANSWERED.includes(packet.cmd) || (packet.cmd === "publish" && packet.qos === 1))
      this.#expectedAnswers++;
  }

  override _read(): void {
    this.#isWanted = true;
    this.#pass();
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    const socket = this.#socket;
    socket.cork();
    for (const { chunk } of chunks) socket.write(chunk);
    socket.uncork();
    const isStuck = socket.writableLength > MOST_UNSENT_BYTES;
    done(isStuck ? new BrokerBreach("it does not read the data that the agent sends") : null);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  /** Passes on the next packets, at most PACKETS_PER_TURN in one turn of the event loop. */
  #pass(): void {
    if (!this.#isWanted || this.#isResting || this.destroyed) return;
    if (this.#pending.length === 0) {
      this.#socket.resume();
      return;
    }
    const end = this.#endOfTurn();
    if (end instanceof BrokerBreach) {
      this.destroy(end);
      return;
    }
    const part = this.#pending.subarray(0, end);
    this.#pending = this.#pending.subarray(end);
    this.#isWanted = false;
    this.#isResting = true;
    setImmediate(() => {
      this.#isResting = false;
      this.#pass();
    });
    this.push(part);
  }

  /** The end of the bytes that are passed on in this turn, or the reason to disconnect. */
  #endOfTurn(): number | BrokerBreach {
    let position = 0;
    for (let packets = 0; packets < PACKETS_PER_TURN; packets++) {
      const { next, packet } = this.#header.read(this.#pending, position);
      if (packet === undefined) return this.#pending.length;
      const breach = this.#breachOf(packet);
      if (breach !== undefined) return new BrokerBreach(breach);
      position = next;
    }
    return position;
  }

  #breachOf({ type, qos, bytes }: PacketHeader): string | undefined {
    if (bytes > LONGEST_PACKET_BYTES) return "it sent a packet of more than a megabyte";
    if (type !== PUBLISH && bytes > LONGEST_ANSWER_BYTES) return `it sent an answer of ${bytes} bytes`;
    if (type === PUBLISH && qos > 1)
      return `it sent a message of QoS ${qos}, but the agent subscribes with QoS 1 at most`;
    if (type === CONNACK && this.#isAccepted) return "it accepted the same connection twice";
    if (type !== PUBLISH && !ANSWERS.includes(type))
      return `it sent a packet of type ${type}, which no client of QoS 1 receives`;
    if (type === CONNACK) this.#isAccepted = true;
    const isWithinLimits = type === PUBLISH ? this.#spend(bytes) : this.#takeAnswer();
    return isWithinLimits ? undefined : "it floods the agent with packets";
  }

  #takeAnswer(): boolean {
    if (this.#expectedAnswers > 0) this.#expectedAnswers--;
    else this.#strayAnswers++;
    return this.#strayAnswers <= MOST_STRAY_ANSWERS;
  }

  #spend(bytes: number): boolean {
    const nowMs = this.#nowMs();
    const seconds = (nowMs - this.#budgetAtMs) / 1000;
    this.#budgetAtMs = nowMs;
    const regained = (of: keyof typeof BURST) =>
      Math.min(BURST[of], this.#budget[of] + seconds * REGAINED_PER_SECOND[of]);
    this.#budget = { messages: regained("messages") - 1, bytes: regained("bytes") - bytes };
    return this.#budget.messages >= 0 && this.#budget.bytes >= 0;
  }
}

interface PacketHeader {
  readonly type: number;
  readonly qos: number;
  /** The length of the packet without its fixed header. */
  readonly bytes: number;
}

/** Finds the fixed headers of packets in a stream of bytes that arrives in chunks of any size (MQTT 3.1.1, section 2.2). */
function packetHeaders() {
  /** The number of bytes of the last packet that have not arrived yet. */
  let body = 0;
  let first: number | undefined;
  let length = 0;
  let digits = 0;
  return {
    /**
     * Reads from `position` to the end of the next header.
     * @returns the end of the packet within these bytes, at most their length; no packet if the header is incomplete
     */
    read(bytes: Uint8Array, position: number): { next: number; packet?: PacketHeader } {
      let index = Math.min(bytes.length, position + body);
      body -= index - position;
      for (; index < bytes.length; index++) {
        const byte = bytes[index] ?? 0;
        if (first === undefined) {
          first = byte;
          continue;
        }
        length += (byte & 127) * 128 ** digits;
        digits++;
        // Five digits are malformed; the packet is far beyond the limit by then.
        if (byte >= 128 && digits < 5) continue;
        const packet = { type: first >> 4, qos: (first >> 1) & 3, bytes: length };
        first = undefined;
        digits = 0;
        length = 0;
        const next = Math.min(bytes.length, index + 1 + packet.bytes);
        body = packet.bytes - (next - index - 1);
        return { next, packet };
      }
      return { next: index };
    },
  };
}
