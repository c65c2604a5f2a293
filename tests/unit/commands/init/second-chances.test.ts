import { expect, test } from "vitest";
import { ConfigError, TransientError } from "../../../../agent/base/errors.ts";
import type { TriedStream } from "../../../../agent/camera/try-stream.ts";
import {
  type Broker,
  type BrokerAnswer,
  chooseBroker,
} from "../../../../agent/commands/init/choose-broker.ts";
import { type CameraAnswer, chooseStreams } from "../../../../agent/commands/init/choose-streams.ts";

const wrong: Broker = { host: "wrong", tls: false };
const right: Broker = { host: "right", tls: false, user: "cam", password: "secret" };
const refusal = new ConfigError("the broker refuses the agent", "Set the password.");
const away = new TransientError("the broker is away", "Start it.");

/** Chooses a broker; only `right` works, and a person gives these answers. */
async function chosenBroker(first: Broker, answers: BrokerAnswer[] | undefined, error: Error = refusal) {
  const notes: string[] = [];
  const tried: string[] = [];
  const broker = await chooseBroker(first, {
    async attempt(broker) {
      tried.push(broker.host);
      if (broker !== right) throw error;
    },
    ask: answers && (async () => answers.shift() ?? "keep"),
    note: (line) => void notes.push(line),
  });
  return { broker, tried, notes, left: answers?.length };
}

test("a broker that works needs no question", async () => {
  const { broker, tried, left } = await chosenBroker(right, ["keep"]);
  expect([broker, tried, left]).toEqual([right, ["right"], 1]);
});

test("a broker that fails is tried again with other answers, until it works or is kept", async () => {
  expect(await chosenBroker(wrong, ["again", right])).toMatchObject({
    broker: right,
    tried: ["wrong", "wrong", "right"],
  });
  expect(await chosenBroker(wrong, ["again", "keep"])).toMatchObject({ broker: wrong, left: 0 });
});

test("without a terminal, a broker that is away is kept, and one that refuses the agent is an error", async () => {
  const { broker, notes } = await chosenBroker(wrong, undefined, away);
  expect([broker, notes]).toEqual([wrong, ["✗ the broker is away\n  → Start it."]]);
  await expect(chosenBroker(wrong, undefined)).rejects.toMatchObject({
    name: "ConfigError",
    remedy: expect.stringContaining("--no-probe"),
  });
});

test("a bug is not reported as a failure of the broker", async () => {
  await expect(chosenBroker(wrong, ["keep"], new TypeError("bug"))).rejects.toThrow(TypeError);
});

const GOOD = "rtsp://u:right@10.0.0.7/1";

/** Chooses streams; only GOOD works. */
async function chosenCameras(addresses: Readonly<Record<string, string>>, answers?: CameraAnswer[]) {
  const asked: string[] = [];
  const cameras = await chooseStreams(
    Object.entries(addresses).map(([name, address]) => ({ name, addresses: [address] })),
    {
      async attempt(name, address): Promise<TriedStream> {
        if (address !== GOOD) throw new ConfigError(`${name}: the camera refuses`, "Check it.");
        return { address, width: 640, height: 360, fps: 5, codec: "H264", areKeysFarApart: false };
      },
      ask:
        answers &&
        (async ({ name }) => {
          asked.push(name);
          return answers.shift() ?? "keep";
        }),
      note() {},
      signal: new AbortController().signal,
    },
  );
  return { cameras, asked };
}

test("asks for other answers only for cameras that fail", async () => {
  const { cameras, asked } = await chosenCameras({ door: GOOD, yard: "rtsp://u:wrong@10.0.0.7/1" }, [
    "again",
    { addresses: ["rtsp://u:also@10.0.0.7/1"] },
    { addresses: [GOOD] },
  ]);
  const size = { width: 640, height: 360 };
  expect(cameras).toEqual([
    { name: "door", address: GOOD, size },
    { name: "yard", address: GOOD, size },
  ]);
  expect(asked).toEqual(["yard", "yard", "yard"]);
});

test("a camera that fails can be left out, or kept with its latest address", async () => {
  const wrong = { door: "rtsp://a/1", yard: "rtsp://b/1" };
  const { cameras } = await chosenCameras(wrong, ["leave out", { addresses: ["rtsp://c/1"] }, "keep"]);
  expect(cameras).toEqual([{ name: "yard", address: "rtsp://c/1" }]);
});

test("without a terminal, a camera that fails keeps its address", async () => {
  const { cameras } = await chosenCameras({ door: "rtsp://a/1" });
  expect(cameras).toEqual([{ name: "door", address: "rtsp://a/1" }]);
});
