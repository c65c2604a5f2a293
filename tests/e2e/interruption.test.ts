import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { squareAndSignal } from "../faults/watching/clips.ts";
import { sabrewingOnTerminal, type TerminalCommand } from "../support/agent/on-terminal.ts";
import { findModel } from "../support/base/materials.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { makeTestClip } from "../support/camera/test-clip.ts";
import { brightAreaModule } from "../support/detectors/bright-area-module.ts";
import { fakeModule } from "../support/detectors/fake-modules.ts";
import { startSilentServer } from "../support/network/silent-server.ts";
import { waitUntil } from "../support/time/wait-until.ts";

/** A folder with a configuration whose broker and camera accept connections and never answer. */
async function silentWorld() {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder());
  const server = stack.use(await startSilentServer());
  const model = join(folder, "fake.wasm");
  writeFileSync(model, fakeModule());
  const config = join(folder, "sabrewing.yml");
  const camera = `rtsp://127.0.0.1:${server.port}/stream`;
  writeFileSync(
    config,
    stringify({
      mqtt: { host: "127.0.0.1", port: server.port },
      model: { path: model },
      detector: { runtime: "v8" },
      state_dir: join(folder, "state"),
      cameras: { door: { ffmpeg: { inputs: [{ path: camera }] } } },
    }),
  );
  const out = join(folder, "out");
  mkdirSync(out);
  const moved = stack.move();
  const registry = `http://127.0.0.1:${server.port}`;
  const env = { SABREWING_HOME: join(folder, "home"), npm_config_registry: registry };
  return {
    ...{ folder, server, model, config, camera, out, env },
    written: () => readdirSync(out, { recursive: true, encoding: "utf8" }),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}
type SilentWorld = Awaited<ReturnType<typeof silentWorld>>;

const INTERRUPTIONS = {
  "Ctrl-C": (command: TerminalCommand) => command.pressCtrlC(),
  SIGTERM: (command: TerminalCommand) => command.kill("SIGTERM"),
};

/** Interrupts a command once it has come so far. Nothing but an echo of the key may appear after that. */
async function interrupt(
  command: TerminalCommand,
  phase: string,
  hasCome: () => boolean,
  how: keyof typeof INTERRUPTIONS,
) {
  await waitUntil(phase, hasCome);
  const before = command.text();
  INTERRUPTIONS[how](command);
  const { exitCode, text } = await command.ended;
  expect(text).not.toMatch(/\n {4}at |Warning|this is a bug/);
  return { exitCode, after: text.slice(before.length) };
}

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");

describe.each(Object.keys(INTERRUPTIONS) as (keyof typeof INTERRUPTIONS)[])("%s ends", (how) => {
  test.each([
    { words: ["run"], exitCode: 0 },
    { words: ["status"], exitCode: 0 },
    { words: ["status", "--once"], exitCode: 1 },
    { words: ["check"], exitCode: 1 },
    { words: ["init"], exitCode: 1 },
    { words: ["detect", "clip.mp4"], exitCode: 1 },
    { words: ["compile", "model.pt"], exitCode: 1 },
    { words: ["inspect", "model.wasm"], exitCode: 1 },
    { words: ["pull"], exitCode: 1 },
    { words: ["replay", "clip.mp4"], exitCode: 1 },
    { words: ["replay", "rtsp://127.0.0.1:1/stream"], exitCode: 0 },
  ])("$words with $exitCode while it starts", async ({ words, exitCode }) => {
    await using folder = await temporaryFolder();
    // The start pauses when interruptions are handled, until one has arrived.
    const hook = join(folder.path, "hook.mjs");
    const resume = join(folder.path, "resume");
    writeFileSync(
      hook,
      `import { existsSync } from "node:fs";
      process.on("newListener", (name) => {
        if (name !== "exit") return;
        process.stdout.write("starting\\n");
        const pause = new Int32Array(new SharedArrayBuffer(4));
        while (!existsSync(${JSON.stringify(resume)})) Atomics.wait(pause, 0, 0, 10);
      });`,
    );
    const command = await sabrewingOnTerminal(words, { NODE_OPTIONS: `--import=${pathToFileURL(hook)}` });
    await waitUntil("it starts", () => command.text().includes("starting"));
    INTERRUPTIONS[how](command);
    await waitUntil("the signal has arrived", () => how === "SIGTERM" || command.text().includes("^C"));
    writeFileSync(resume, "");
    const { exitCode: received, text } = await command.ended;
    expect(received).toBe(exitCode);
    expect(text.replace("^C", "").replace("\u001b[?25h", "")).toBe("starting\r\n");
  });

  interface Case {
    readonly phase: string;
    readonly words: (world: SilentWorld) => readonly string[];
    readonly exitCode: 0 | 1;
    readonly hasCome?: (text: string, world: SilentWorld) => boolean;
  }
  const hasConnected = (_text: string, { server }: SilentWorld) => server.connections() > 0;
  const cases: readonly Case[] = [
    {
      phase: "`run` with 0 while it connects",
      words: ({ config }) => ["run", "-c", config],
      exitCode: 0,
      hasCome: (text, world) => text.includes('"ready"') && hasConnected(text, world),
    },
    {
      phase: "`check` with 1 while it connects",
      words: ({ config }) => ["check", "-c", config],
      exitCode: 1,
    },
    {
      phase: "`init` with 1 while it tries a stream",
      words: ({ camera, out }) => [
        ...["init", "--broker", "127.0.0.1", "--yes", "--camera", `door=${camera}`],
        ...["--output", join(out, "sabrewing.yml")],
      ],
      exitCode: 1,
    },
    {
      phase: "`init` with 1 while it asks",
      words: ({ out }) => ["init", "--output", join(out, "sabrewing.yml")],
      exitCode: 1,
      hasCome: (text) => text.includes("MQTT broker"),
    },
    {
      phase: "`detect` with 1 while it connects",
      words: ({ camera, model, out }) => ["detect", camera, "-m", model, "--runtime", "v8", "-o", out],
      exitCode: 1,
    },
    {
      phase: "`replay` of a camera with 0 while it connects",
      words: ({ camera, model }) => ["replay", camera, "-m", model, "--runtime", "v8"],
      exitCode: 0,
    },
    {
      phase: "`pull` with 1 while it connects",
      words: ({ out }) => ["pull", "mobilenet", "-o", join(out, "m.wasm")],
      exitCode: 1,
    },
  ];
  test.each(cases)("$phase", async ({ words, exitCode, hasCome = hasConnected }) => {
    await using world = await silentWorld();
    const command = await sabrewingOnTerminal(words(world), world.env);
    const end = await interrupt(command, "this phase", () => hasCome(command.text(), world), how);
    expect(end.exitCode).toBe(exitCode);
    expect(end.after).not.toContain("✗");
    expect(world.written()).toEqual([]);
  });

  test.each([
    { words: [], exitCode: 0 },
    { words: ["--json"], exitCode: 0 },
    { words: ["--once"], exitCode: 1 },
  ])("`status` $words with $exitCode while it waits for the agent", async ({ words, exitCode }) => {
    await using folder = await temporaryFolder();
    await using agent = await startSilentServer(join(folder.path, "status.sock"));
    const command = await sabrewingOnTerminal(["status", "--state-dir", folder.path, ...words]);
    const end = await interrupt(command, "it has connected", () => agent.connections() > 0, how);
    expect(end.exitCode).toBe(exitCode);
  });

  test("`status` with 0 while it shows the agent", async () => {
    await using world = await silentWorld();
    const agent = await sabrewingOnTerminal(["run", "-c", world.config], world.env);
    await waitUntil("the agent runs", () => agent.text().includes('"ready"'));
    const command = await sabrewingOnTerminal(["status", "-c", world.config], world.env);
    const end = await interrupt(command, "the status is shown", () => command.text().includes("door"), how);
    agent.kill("SIGTERM");
    expect((await agent.ended).exitCode).toBe(0);
    expect(end.exitCode).toBe(0);
  });

  test("`detect` with 1 between two frames, and leaves only complete images", async () => {
    await using world = await silentWorld();
    using clip = makeTestClip({ seconds: 30 });
    const words = ["detect", clip.file, "-m", world.model, "--runtime", "v8", "-o", world.out];
    const command = await sabrewingOnTerminal(words, world.env);
    const end = await interrupt(command, "an image is written", () => world.written().length > 1, how);
    expect(end.exitCode).toBe(1);
    for (const name of world.written()) {
      expect((await sharp(join(world.out, name)).stats()).channels).toHaveLength(3);
    }
  });

  test("`replay` with 1, and removes the incomplete video", async () => {
    await using world = await silentWorld();
    using clip = makeTestClip({ seconds: 60 });
    const video = join(world.out, "seen.mp4");
    const words = ["replay", clip.file, "-m", world.model, "--runtime", "v8", "--video", video];
    const command = await sabrewingOnTerminal(words, world.env);
    // The first file of this name only tests whether it can be written.
    const isWriting = () => existsSync(`${video}.partial`) && command.text().includes("of 60 s");
    const end = await interrupt(command, "the video is being written", isWriting, how);
    expect(end.exitCode).toBe(1);
    expect(end.after).not.toContain("frames");
    expect(world.written()).toEqual([]);
  });

  test.skipIf(!hasRtspServer())(
    "`replay` of a camera with 0, and prints the end of open events",
    async () => {
      await using world = await silentWorld();
      writeFileSync(world.model, brightAreaModule("trap"));
      await using camera = await startRtspCamera({
        clip: squareAndSignal(world.folder, { signals: 0 }).file,
      });
      const words = ["replay", camera.address, "-m", world.model, "--runtime", "v8"];
      const command = await sabrewingOnTerminal(words, world.env);
      const end = await interrupt(command, "an object is seen", () => command.text().includes("new"), how);
      expect(end.exitCode).toBe(0);
      expect(end.after).toMatch(/ end {5}person .*\n1 × person in/s);
    },
  );

  test.skipIf(weights === undefined)("`compile` with 1 while it reads frames from a camera", async () => {
    await using world = await silentWorld();
    const words = ["compile", weights ?? "", "--precision", "i16", "--calibrate", world.camera];
    const command = await sabrewingOnTerminal([...words, "-o", join(world.out, "m.wasm")], world.env);
    const end = await interrupt(command, "it connects", () => world.server.connections() > 0, how);
    expect(end.exitCode).toBe(1);
    expect(world.written()).toEqual([]);
  });

  test.skipIf(weights === undefined).each([
    { name: "compile", words: [weights ?? ""] },
    { name: "pull", words: ["yolov5n", "--weights", weights ?? ""] },
  ])("`$name` with 1 while it compiles, without a file", async ({ name, words }) => {
    await using world = await silentWorld();
    // Tells when the compiler handles signals for the first time.
    const hook = join(world.folder, "hook.mjs");
    writeFileSync(
      hook,
      `import timers from "node:timers/promises";
       import { syncBuiltinESMExports } from "node:module";
       const { setImmediate } = timers;
       timers.setImmediate = (...words) => { process.stdout.write("between two steps\\n"); return setImmediate(...words); };
       syncBuiltinESMExports();`,
    );
    const command = await sabrewingOnTerminal(
      [name, ...words, "--size", "64x64", "-o", join(world.out, "m.wasm")],
      { ...world.env, NODE_OPTIONS: `--import=${pathToFileURL(hook)}` },
    );
    const isBetween = () => command.text().includes("between two steps");
    const end = await interrupt(command, "the weights are imported", isBetween, how);
    expect(end.exitCode).toBe(1);
    expect(world.written()).toEqual([]);
  });
});

test("a prompt that Ctrl-C ends says that no file was written", async () => {
  await using world = await silentWorld();
  const command = await sabrewingOnTerminal(["init", "--output", join(world.out, "s.yml")], world.env);
  await interrupt(command, "it asks", () => command.text().includes("MQTT broker"), "Ctrl-C");
  expect((await command.ended).text).toContain("No file was written.");
});

test("a second Ctrl-C ends a command at once that is still cleaning up", async () => {
  await using world = await silentWorld();
  const command = await sabrewingOnTerminal(["check", "-c", world.config], world.env);
  await waitUntil("it connects", () => world.server.connections() > 0);
  command.pressCtrlC();
  command.pressCtrlC();
  expect((await command.ended).exitCode).toBe(1);
});
