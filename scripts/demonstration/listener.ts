import { connectAsync } from "mqtt";
import { errorCode } from "../../agent/base/error-code.ts";
import type { BrokerAddress } from "./broker.ts";

/** A message from the broker. */
export interface Message {
  /** Unix time of its arrival, seconds. */
  readonly time: number;
  readonly topic: string;
  readonly payload: Buffer;
  /** Published before the subscription and retained by the broker. */
  readonly retained: boolean;
}

/**
 * Subscribes to all topics below a prefix, and reconnects when the connection is lost.
 * @param say called with a line when the connection is lost and when it is back
 * @throws Error with a remedy when the broker cannot be reached
 */
export async function listen(
  address: BrokerAddress,
  prefix: string,
  onMessage: (message: Message) => void,
  say: (text: string) => void,
): Promise<AsyncDisposable> {
  const place = `${address.host}:${address.port}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const client = await connectAsync(
    `mqtt://${host}:${address.port}`,
    {
      ...(address.user === undefined ? {} : { username: address.user }),
      ...(address.password === undefined ? {} : { password: address.password }),
      connectTimeout: 10_000,
    },
    false,
  ).catch((error: unknown) => {
    throw new Error(`broker ${place}: ${explain(error)}`, { cause: error });
  });
  client.on("message", (topic, payload, { retain }) => {
    onMessage({ time: Date.now() / 1000, topic, payload, retained: retain });
  });
  // The client reconnects by itself; each failed attempt emits "error" and "close".
  let lost = false;
  client.on("error", (error) => {
    if (!lost) say(`broker ${place}: ${explain(error)}`);
    lost = true;
  });
  client.on("connect", () => {
    if (lost) say(`broker ${place}: connected again`);
    lost = false;
  });
  await client.subscribeAsync(`${prefix}/#`, { qos: 1 });
  return { [Symbol.asyncDispose]: () => client.endAsync() };
}

/** CONNACK return codes of MQTT 3.1.1 (section 3.2.2.3) for a refused login. */
const REFUSED_USER = ["4", "5"];

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = errorCode(error);
  if (code === "ECONNREFUSED")
    return "connection refused. Is the broker running? Without --broker the demo starts its own";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "no such host. Check the name in --broker";
  if (code !== undefined && REFUSED_USER.includes(code)) {
    return "it refuses the user or the password. To correct them: --broker mqtt://user:password@host:port";
  }
  return error.message;
}
