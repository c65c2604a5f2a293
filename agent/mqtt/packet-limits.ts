import type { Duplex } from "node:stream";
import type { MqttClient } from "mqtt";

/** Whatever the agent listens to is some bytes long; what the client holds at a time, the rest of a TLS record included. */
const LONGEST_PACKET_BYTES = 1_000_000;
/** More than all pictures of many cameras, which are told again on every connect. */
const MOST_UNSENT_BYTES = 64_000_000;

/**
 * Ends the connection to a broker that sends a packet of more than a megabyte: the client would keep all of it, up to
 * 256 MB (MQTT 3.1.1, section 2.2.3), before anybody could say that nobody wants it.
 */
export function refuseLongPackets(client: MqttClient, fail: (error: Error) => void): void {
  let unread = 0;
  client.on("packetreceive", () => {
    unread = 0;
  });
  client.stream.on("data", (part: Uint8Array) => {
    unread += part.length;
    if (unread > LONGEST_PACKET_BYTES) fail(new Error("it sent a packet of more than a megabyte"));
  });
}

/** Whether the broker has left so much unread that more of it would fill the memory. */
export function takesNothing(stream: Duplex): boolean {
  return stream.writableLength > MOST_UNSENT_BYTES;
}
