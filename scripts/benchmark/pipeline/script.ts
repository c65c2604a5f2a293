/**
 * The script that one would write without Sabrewing: ffmpeg scales each camera's frames to the model's size, the network
 * runs on every frame, and people are published over MQTT. It is a good script: when it is too slow it takes the newest
 * frame of each camera, and it counts dropped frames as our agent does.
 */
import { connectAsync } from "mqtt";
import { newestOnly } from "../../../agent/base/newest-only.ts";
import { startFfmpeg } from "../../../agent/camera/ffmpeg.ts";
import { splitFrames } from "../../../agent/camera/split-frames.ts";
import { type Network, openOnnxruntimeNode, openOnnxruntimeWeb, toPlanes } from "../onnxruntime.ts";
import type { FrameCounts } from "./frame-counts.ts";
import type { ScriptMessage, ScriptOptions } from "./script-options.ts";
import { peopleIn } from "./yolov5-people.ts";

const LOWEST_SCORE = 0.5;
const STATS_INTERVAL_MS = 1000;

const options = JSON.parse(process.argv[2] ?? "") as ScriptOptions;
const { width, height, fps, prefix } = options;
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

const open = options.library === "onnxruntime-web" ? openOnnxruntimeWeb : openOnnxruntimeNode;
const network = await open(options.modelPath, options);
const client = await connectAsync(`mqtt://127.0.0.1:${options.brokerPort}`);
const watches = options.cameras.map(({ name, url }) => watch(name, url, network));
const publishing = setInterval(() => {
  const cameras = Object.fromEntries(watches.map(({ name, counts }) => [name, { frames: counts() }]));
  client.publish(`${prefix}/stats`, JSON.stringify({ cameras }));
}, STATS_INTERVAL_MS);

await Promise.all(watches.map(({ done }) => done));
clearInterval(publishing);
await client.endAsync();
await network[Symbol.asyncDispose]();

interface ScriptWatch {
  readonly name: string;
  readonly counts: () => FrameCounts;
  readonly done: Promise<void>;
}

function watch(name: string, url: string, network: Network): ScriptWatch {
  const frames = newestOnly(readFrames(url));
  let looked = 0;

  async function detectAll(): Promise<void> {
    const planes = new Float32Array(3 * width * height);
    for await (const { pixels, timeMs } of frames) {
      toPlanes(pixels, planes);
      const detections = peopleIn(await network.run(planes), options, LOWEST_SCORE);
      looked++;
      if (detections.length === 0) continue;
      const message: ScriptMessage = { camera: name, frame_time: timeMs / 1000, detections };
      client.publish(`${prefix}/detections`, JSON.stringify(message), { qos: 1 });
    }
  }

  return {
    name,
    done: detectAll(),
    counts() {
      const { delivered, dropped } = frames.counts();
      return { seen: delivered + dropped, gated: 0, looked, skipped: dropped, regions: looked };
    },
  };
}

async function* readFrames(url: string) {
  const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease`;
  const border = `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2:color=0x727272`;
  await using run = startFfmpeg(
    "ffmpeg",
    [
      ...["-hide_banner", "-nostdin", "-loglevel", "error", "-threads", "1"],
      ...["-rtsp_transport", "tcp", "-i", url, "-an", "-vf", `fps=${fps},${fit},${border}`],
      ...["-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"],
    ],
    stop.signal,
  );
  for await (const pixels of splitFrames(run.output, width * height * 3))
    yield { pixels, timeMs: Date.now() };
  const { errorLines } = await run.ended;
  if (!stop.signal.aborted) throw new Error(`${url} ended: ${errorLines.join(" ")}`);
}
