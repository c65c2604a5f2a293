import { expect, test } from "vitest";
import { combineSubscriptions } from "../../../agent/mqtt/subscriptions.ts";

function recordingSubscription(...topics: readonly string[]) {
  const calls: string[] = [];
  return {
    calls,
    subscription: {
      topics,
      onMessage: (topic: string, payload: Uint8Array) => void calls.push(`${topic} ${Buffer.from(payload)}`),
      onRefused: (reason: string) => void calls.push(`refused: ${reason}`),
    },
  };
}

test("combined subscriptions receive their own topics, and all are notified of a refusal", () => {
  const [commands, home, nothing] = [
    recordingSubscription("door/set", "yard/set"),
    recordingSubscription("ha/status"),
    recordingSubscription(),
  ];
  const combined = combineSubscriptions([commands.subscription, home.subscription, nothing.subscription]);
  expect(combined.topics).toEqual(["door/set", "yard/set", "ha/status"]);
  combined.onMessage("ha/status", Buffer.from("online"), false);
  combined.onMessage("yard/set", Buffer.from("OFF"), false);
  combined.onRefused("not authorised");
  expect(commands.calls).toEqual(["yard/set OFF", "refused: not authorised"]);
  expect(home.calls).toEqual(["ha/status online", "refused: not authorised"]);
  expect(nothing.calls).toEqual([]);
});
