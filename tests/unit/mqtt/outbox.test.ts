import { describe, expect, test } from "vitest";
import type { Message } from "../../../agent/mqtt/message.ts";
import { memoryOutbox } from "../../../agent/mqtt/outbox.ts";

const message = (payload: string): Message => ({ topic: "t", payload, retain: false, qos: 1 });

describe("the outbox in memory", () => {
  test("offers messages in the order they came, as often as it is asked, until they are removed", () => {
    const outbox = memoryOutbox(10);
    for (const payload of ["a", "b", "c"]) outbox.add(message(payload));
    expect(outbox.next(0)?.message.payload).toBe("a");
    expect(outbox.next(0)?.message.payload).toBe("a");
    expect(outbox.next(1)?.message.payload).toBe("b");
    outbox.remove(2);
    expect(outbox.next(1)?.message.payload).toBe("c");
    expect(outbox.next(3)).toBeUndefined();
    expect(outbox.size()).toBe(2);
  });

  test("drops the oldest where there is no room, and counts it", () => {
    const outbox = memoryOutbox(2);
    for (const payload of ["a", "b", "c"]) outbox.add(message(payload));
    expect(outbox.next(0)?.message.payload).toBe("b");
    expect([outbox.size(), outbox.dropped()]).toEqual([2, 1]);
  });
});
