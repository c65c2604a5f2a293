/**
 * One message for the broker. Retained: a state, of which only the latest counts, and which is told again after every
 * reconnect. QoS 1 and not retained: an event, which must arrive. QoS 0 and not retained: news, worthless when late.
 */
export interface Message {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain: boolean;
  readonly qos: 0 | 1;
}
