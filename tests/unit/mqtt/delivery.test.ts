import { describe, expect, test } from "vitest";
import { type Backlog, emptyBacklog } from "../../../agent/mqtt/backlog.ts";
import { type ConnectionDelivery, openDelivery } from "../../../agent/mqtt/delivery.ts";
import { recordingLog } from "../../support/agent/log-lines.ts";
import { aboutObject, inShort } from "../../support/agent/object-events.ts";

const HOUR_MS = 3_600_000;

describe("the delivery of the outbox", () => {
  test("keeps twenty messages in flight, and sends the next with every acknowledgement", () => {
    const { connect, add } = start();
    for (let index = 0; index < 25; index++) add(`object ${index}`, "new");
    const { sent, acknowledge } = connect();
    expect(sent).toHaveLength(20);
    acknowledge(sent[0]);
    expect(sent).toHaveLength(21);
  });

  test("starts with one message after a connection that ended with messages in flight", () => {
    const { connect, add } = start();
    for (const id of ["ann", "bob", "cid", "dan"]) add(id, "new");
    connect().end();
    const { sent, acknowledge } = connect();
    expect(sent).toEqual(["ann new"]);
    acknowledge("ann new");
    expect(sent).toEqual(["ann new", "bob new", "cid new"]);
  });

  test("holds back a message, with the rest of its event, after five connections in a row ended over it", () => {
    const { connect, add, backlog, lines } = start();
    add("ann", "new");
    add("bob", "new");
    add("bob", "end");
    add("cid", "new");
    for (let round = 0; round < 5; round++) {
      const { sent, acknowledge, end } = connect();
      if (round === 0) acknowledge("ann new");
      expect(sent.at(-1)).toBe(round === 0 ? "cid new" : "bob new");
      end();
    }
    expect(lines).toEqual([]);
    const { sent, acknowledge } = connect();
    expect(sent).toEqual(["cid new"]);
    acknowledge("cid new");
    expect(sent).toEqual(["cid new"]);
    expect(lines).toMatchObject([
      { level: "warn", msg: expect.stringMatching(/ended several connections in a row over message 2/) },
    ]);
    expect([backlog.heldBack(), backlog.size()]).toEqual([2, 2]);
    // Later messages of the event wait behind it; others do not.
    add("bob", "update");
    add("dan", "new");
    acknowledge("dan new");
    expect(sent).toEqual(["cid new", "dan new"]);
  });

  test("retries a message that was held back after an hour, alone, and then sends the rest of its event", () => {
    const { connect, add, pass, backlog } = start();
    add("bob", "new");
    add("bob", "end");
    for (let round = 0; round < 5; round++) connect().end();
    const { sent, acknowledge, delivery } = connect();
    delivery.markStable();
    pass(HOUR_MS - 1);
    delivery.deliver();
    expect(sent).toEqual([]);
    pass(1);
    delivery.deliver();
    add("cid", "new");
    delivery.deliver();
    expect(sent).toEqual(["bob new"]);
    acknowledge("bob new");
    expect(sent).toEqual(["bob new", "bob end", "cid new"]);
    expect(backlog.heldBack()).toBe(0);
  });

  test("holds the message back again at once if the connection ends over it", () => {
    const { connect, add, pass, backlog } = start();
    add("bob", "new");
    for (let round = 0; round < 5; round++) connect().end();
    const { delivery, sent, end } = connect();
    delivery.markStable();
    pass(HOUR_MS);
    delivery.deliver();
    expect(sent).toEqual(["bob new"]);
    end();
    expect(connect().sent).toEqual([]);
    expect([backlog.heldBack(), backlog.size()]).toEqual([1, 1]);
  });

  test("holds back several messages over which connections end, and delivers the others", () => {
    const { connect, add, lines, backlog } = start();
    const [bad, good] = [
      ["ann", "bob"],
      ["cid", "dan", "eve"],
    ];
    add("cid", "new");
    add("ann", "new");
    add("dan", "new");
    add("bob", "new");
    add("eve", "new");
    const delivered = new Set<string>();
    for (let round = 0; round < 12; round++) {
      const { sent, acknowledge, end } = connect();
      // The broker ends the connection over a bad message; acknowledgements before it may be lost.
      const isBad = (name: string) => bad.some((id) => name.startsWith(id));
      for (let index = 0; index < sent.length && !sent.some(isBad); index++) {
        acknowledge(sent[index]);
        delivered.add(sent[index]?.split(" ")[0] ?? "");
      }
      if (sent.some(isBad)) end();
    }
    expect([...delivered].sort()).toEqual(good);
    expect([backlog.heldBack(), lines.length]).toEqual([2, 2]);
  });

  test("returns messages to their positions if a connection ends without any of them: the broker is the reason", () => {
    const { connect, add, lines, backlog } = start();
    add("ann", "new");
    add("bob", "new");
    for (let round = 0; round < 7; round++) connect().end();
    expect(backlog.heldBack()).toBe(2);
    connect().end();
    const { sent, acknowledge } = connect();
    acknowledge("ann new");
    expect(sent).toEqual(["ann new", "bob new"]);
    expect([lines, backlog.heldBack()]).toEqual([[], 0]);
  });

  test("suspects no message if the agent ended the connection", () => {
    const { connect, add, backlog } = start();
    add("ann", "new");
    for (let round = 0; round < 20; round++) expect(connect().end(false)).toBe(false);
    expect(backlog.heldBack()).toBe(0);
  });

  test("reports a suspected message from the second connection on", () => {
    const { connect, add } = start();
    add("ann", "new");
    expect([1, 2, 3].map(() => connect().end())).toEqual([false, true, true]);
  });
});

function start() {
  const backlog: Backlog = emptyBacklog({ bytes: 1e6, ageMs: 1e9 });
  const { log, lines } = recordingLog();
  let nowMs = 0;
  const delivery = openDelivery(
    {
      take: () => backlog.take(Number.MAX_SAFE_INTEGER),
      takeHeldBack: () => backlog.takeHeldBack(nowMs),
      holdBack: (sequence) => backlog.holdBack(sequence, nowMs + HOUR_MS),
      release: backlog.release,
      acknowledge: (sequence) => void backlog.acknowledge(sequence),
    },
    log,
  );
  const revisions = new Map<string, number>();
  let current: ConnectionDelivery | undefined;

  return {
    backlog,
    lines,
    pass(ms: number) {
      nowMs += ms;
    },
    add(id: string, type: "new" | "update" | "end") {
      const revision = (revisions.get(id) ?? 0) + 1;
      revisions.set(id, revision);
      backlog.add(aboutObject(id, type, revision), nowMs);
      current?.deliver();
    },
    /** Starts a connection and returns the sent messages and functions that acknowledge or end it. */
    connect() {
      const sent: string[] = [];
      const waiting = new Map<string, () => void>();
      const session = delivery.start({
        send({ payload }, acknowledged = () => {}) {
          const name = inShort(payload).split(" ").slice(0, -1).join(" ");
          sent.push(name);
          waiting.set(name, () => acknowledged());
        },
      });
      current = session;
      session.deliver();
      return {
        sent,
        delivery: session,
        acknowledge(name: string | undefined) {
          const acknowledged = waiting.get(name ?? "");
          if (acknowledged === undefined) throw new Error(`${name} is not in flight`);
          acknowledged();
        },
        end(byBroker = true) {
          current = undefined;
          const isOverMessage = session.ended(byBroker);
          backlog.putBack();
          return isOverMessage;
        },
      };
    },
  };
}
