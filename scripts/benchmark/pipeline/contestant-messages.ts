import { listen } from "../../demonstration/listener.ts";
import { type CountsByCamera, readCounts } from "./frame-counts.ts";
import { latencyOf } from "./latency.ts";

/** Figures and latencies from a contestant's MQTT messages. */
export interface ContestantMessages extends AsyncDisposable {
  /** The next figures. */
  nextCounts(): Promise<CountsByCamera>;
  /** The latencies of all messages since the last call, in milliseconds. */
  takeLatencies(): readonly number[];
}

/** Subscribes to all topics below a prefix. */
export async function listenToContestant(brokerPort: number, prefix: string): Promise<ContestantMessages> {
  let next = Promise.withResolvers<CountsByCamera>();
  let latenciesMs: number[] = [];
  const listening = await listen(
    { host: "127.0.0.1", port: brokerPort },
    prefix,
    (message) => {
      if (message.topic === `${prefix}/stats`) {
        next.resolve(readCounts(message.payload.toString()));
        next = Promise.withResolvers();
        return;
      }
      const latencyMs = latencyOf(prefix, message);
      if (latencyMs !== undefined) latenciesMs.push(latencyMs);
    },
    console.error,
  );
  return {
    nextCounts: () => next.promise,
    takeLatencies() {
      const taken = latenciesMs;
      latenciesMs = [];
      return taken;
    },
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}
