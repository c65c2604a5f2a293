/**
 * One message for the broker. Retained: a state; only the latest counts, and it is published again after every reconnect.
 * QoS 1, not retained: an event, which must arrive. QoS 0, not retained: figures, which are dropped without a connection.
 */
export interface Message {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain: boolean;
  readonly qos: 0 | 1;
}
