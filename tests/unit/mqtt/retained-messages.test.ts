import { expect, test } from "vitest";
import { recordRetained } from "../../../agent/mqtt/retained-messages.ts";

test("the last payload of each retained topic is recorded, but no snapshot and no event", () => {
  const published: string[] = [];
  const { publish, lastPayload } = recordRetained(({ topic }) => void published.push(topic));
  publish({ topic: "motion", payload: "ON", retain: true, qos: 0 });
  publish({ topic: "motion", payload: "OFF", retain: true, qos: 0 });
  publish({ topic: "snapshot", payload: new Uint8Array(2), retain: true, qos: 0 });
  publish({ topic: "events", payload: "{}", retain: false, qos: 1 });
  expect(published).toEqual(["motion", "motion", "snapshot", "events"]);
  expect(["motion", "snapshot", "events"].map(lastPayload)).toEqual(["OFF", undefined, undefined]);
});
