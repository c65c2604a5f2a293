import { fileURLToPath } from "node:url";
import { type Child, startChild } from "../../demonstration/child.ts";
import type { Contestant, Script } from "./contestants.ts";
import type { CountsByCamera } from "./frame-counts.ts";
import type { ScriptOptions } from "./script-options.ts";
import { startAgent, type Task } from "./start-agent.ts";

const SCRIPT = fileURLToPath(new URL("script.ts", import.meta.url));

/** A contestant that runs. */
export interface Running extends AsyncDisposable {
  readonly children: readonly Child[];
  /** Frames decoded so far, for a contestant without MQTT. */
  readonly decoded?: () => CountsByCamera;
}

/** Starts a contestant that watches the cameras. */
export function startContestant(contestant: Contestant, task: Task): Running {
  switch (contestant.name) {
    case "ffmpeg":
      return startDecoders(task);
    case "sabrewing":
      return running([startAgent(contestant, task)]);
    case "onnxruntime-web":
    case "onnxruntime-node":
      return running([startScript(contestant, task)]);
  }
}

function startScript({ name, modelPath, size, threads }: Script, task: Task): Child {
  const { streams: cameras, fps, brokerPort, prefix } = task;
  const options: ScriptOptions = {
    library: name,
    modelPath,
    ...size,
    threads,
    cameras,
    fps,
    brokerPort,
    prefix,
  };
  return startChild(`the script with ${name}`, [process.execPath, SCRIPT, JSON.stringify(options)]);
}

/** Starts an ffmpeg for each camera, with one thread, which takes the least CPU time. */
function startDecoders({ streams }: Task): Running {
  const frames = new Map<string, number>();
  const children = streams.map(({ name, url }) =>
    startChild(
      `ffmpeg of ${name}`,
      [
        ...(["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-threads", "1"] as const),
        ...["-rtsp_transport", "tcp", "-i", url, "-an", "-f", "null", "-progress", "pipe:1", "-"],
      ],
      {
        onLine(line) {
          const match = /^frame=(\d+)/.exec(line);
          if (match !== null) frames.set(name, Number(match[1]));
        },
      },
    ),
  );
  const decoded = (): CountsByCamera =>
    Object.fromEntries(
      streams.map(({ name }) => {
        return [name, { seen: frames.get(name) ?? 0, gated: 0, looked: 0, skipped: 0, regions: 0 }];
      }),
    );
  return { ...running(children), decoded };
}

function running(children: readonly Child[]): Running {
  return {
    children,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(children.map((child) => child.stop()));
    },
  };
}
