import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../../agent/base/clock.ts";
import { type PacketBudget, packetBudget } from "../../../../agent/camera/rtsp/packet-budget.ts";
import { udpLink } from "../../../../agent/camera/rtsp/udp.ts";

async function socketOf(address: string, stack: DisposableStack): Promise<Socket> {
  const socket = createSocket("udp4").bind(0, address);
  stack.defer(() => socket.close());
  await once(socket, "listening");
  return socket;
}

/** A link to a camera on the loopback interface that states its ports. */
async function openLink(stack: DisposableStack, budget?: PacketBudget) {
  const received: string[] = [];
  let floods = 0;
  const [rtp, rtcp] = [await socketOf("127.0.0.1", stack), await socketOf("127.0.0.1", stack)];
  const link = stack.use(
    await udpLink({
      connection: { localAddress: "127.0.0.1", remoteAddress: "127.0.0.1" },
      host: "127.0.0.1",
      receive: (kind, packet) => received.push(`${kind} ${packet}`),
      clock: systemClock,
      onFlood: () => floods++,
      ...(budget === undefined ? {} : { budget }),
    }),
  );
  const port = Number(/client_port=(\d+)/.exec(link.transport)?.[1]);
  link.accept(`RTP/AVP;unicast;server_port=${rtp.address().port}-${rtcp.address().port}`);
  const send = (from: Socket, text: string, to = port) =>
    new Promise<void>((resolve) => from.send(text, to, "127.0.0.1", () => resolve()));
  return { link, rtp, rtcp, port, received, send, floods: () => floods };
}

test("after the camera's first packet, packets from its other ports and from strangers are dropped", async () => {
  using stack = new DisposableStack();
  const { rtp, received, send } = await openLink(stack);
  const other = await socketOf("127.0.0.1", stack);
  const stranger = await socketOf("127.0.0.2", stack);
  await send(stranger, "stranger");
  await send(other, "other port, before");
  await send(rtp, "first");
  await expect.poll(() => received).toEqual(["rtp other port, before", "rtp first"]);
  await send(other, "other port, after");
  await send(stranger, "stranger");
  await send(rtp, "second");
  await expect.poll(() => received.at(-1)).toBe("rtp second");
  expect(received).toHaveLength(3);
});

test("reports reach the camera before and after its first RTCP packet", async () => {
  using stack = new DisposableStack();
  const { link, rtcp, port, received, send } = await openLink(stack);
  const reports: string[] = [];
  rtcp.on("message", (packet) => reports.push(String(packet)));
  link.sendRtcp(Buffer.from("before"));
  await expect.poll(() => reports).toContain("before");
  await send(rtcp, "sender report", port + 1);
  await expect.poll(() => received).toEqual(["rtcp sender report"]);
  link.sendRtcp(Buffer.from("after"));
  await expect.poll(() => reports).toContain("after");
});

test("packets beyond the budget are dropped, and a flood is reported", async () => {
  using stack = new DisposableStack();
  const verdicts = ["process", "drop", "flood"] as const;
  let taken = 0;
  const { rtp, received, send, floods } = await openLink(stack, {
    take: () => verdicts[taken++] ?? "drop",
  });
  for (const text of ["one", "two", "three"]) await send(rtp, text);
  await expect.poll(floods).toBe(1);
  expect(received).toEqual(["rtp one"]);
});

describe("the budget", () => {
  /** Takes packets at a constant rate. @returns the verdicts, each once, in the order in which they first came */
  function run(packetsPerMs: number, bytes: number, forMs: number): readonly string[] {
    const budget = packetBudget();
    const verdicts = new Set<string>();
    for (let nowMs = 0; nowMs < forMs; nowMs++)
      for (let count = 0; count < packetsPerMs; count++) verdicts.add(budget.take(bytes, nowMs));
    return [...verdicts];
  }

  test.each([
    ["a stream of 100 Mbit/s", 9, 1400, 5_000, ["process"]],
    ["a key frame of 8 MB at once", 6_000, 1400, 1, ["process"]],
    ["one second of many bytes", 200, 1400, 1_000, ["process", "drop"]],
    ["a flood of bytes", 200, 1400, 3_000, ["process", "drop", "flood"]],
    ["a flood of empty packets", 100, 0, 3_000, ["process", "drop", "flood"]],
  ])("%s", (_what, packetsPerMs, bytes, forMs, verdicts) => {
    expect(run(packetsPerMs, bytes, forMs)).toEqual(verdicts);
  });

  test("bursts with pauses between them are no flood", () => {
    const budget = packetBudget();
    const verdicts = new Set<string>();
    for (let nowMs = 0; nowMs < 20_000; nowMs += 1_000)
      for (let count = 0; count < 20_000; count++) verdicts.add(budget.take(100, nowMs));
    expect([...verdicts]).toEqual(["process", "drop"]);
  });
});
