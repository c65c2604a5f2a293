import type { EventMessage } from "../../../agent/events/event.ts";
import { listen } from "../../demonstration/listener.ts";

/** The objects in view, from the agent's events. */
export interface ParkedObjects extends AsyncDisposable {
  /** How many objects with this label are in view and stationary. */
  count(label: string): number;
}

/** Subscribes to the events of an agent. */
export async function listenToParkedObjects(brokerPort: number, prefix: string): Promise<ParkedObjects> {
  const inView = new Map<string, EventMessage["after"]>();
  const listening = await listen(
    { host: "127.0.0.1", port: brokerPort },
    prefix,
    ({ topic, payload }) => {
      if (topic !== `${prefix}/events`) return;
      const { type, after } = JSON.parse(payload.toString()) as EventMessage;
      if (type === "end") inView.delete(after.id);
      else inView.set(after.id, after);
    },
    console.error,
  );
  return {
    count: (label) =>
      [...inView.values()].filter((object) => object.label === label && object.stationary).length,
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}
