import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { serviceEnvironment, serviceOptions } from "../../tests/support/agent/service-options.ts";
import { temporaryFolder } from "../../tests/support/base/temporary-folder.ts";
import { findModel } from "../materials.ts";
import { startEmbeddedBroker } from "./broker.ts";
import { buildAgent } from "./build.ts";
import { startCamera } from "./camera.ts";
import { startChild } from "./child.ts";
import { filmDrawnStreet } from "./drawn-street.ts";

const TOKEN = "of-a-demonstration-only";
const PORT_IN_LOG = /"port":(\d+),"msg":"the live view is open/;
const ON_IN_LOG = /"msg":"camera is on"/;

/** A camera that films a drawn street, with a broker and a module. */
export interface DrawnStreet {
  /** Starts an agent that watches it with YOLOv5n. Resolves when it sees the camera. @param name unique */
  watch(name: string, options: { readonly view: boolean }): Promise<StreetAgent>;
  /** The state folder of the agent with this name, also before it starts. */
  stateOf(name: string): string;
}

export interface StreetAgent {
  readonly pid: number;
  /** Of the live view, including its token; undefined without a view. */
  readonly address: URL | undefined;
  stop(): Promise<void>;
}

/** The name of the camera. */
export const STREET_CAMERA = "street";

/**
 * Starts a camera, a broker and an agent that watches a drawn street and has its live view open.
 * @param stack stops them when it is disposed
 * @returns URL of the live view, including its token
 * @throws Error when the weights are missing
 */
export async function watchDrawnStreet(stack: AsyncDisposableStack): Promise<URL> {
  const { address } = await (await openDrawnStreet(stack)).watch("agent", { view: true });
  if (address === undefined) throw new Error("expected the address of the live view");
  return address;
}

/**
 * Starts a camera that plays a drawn street, and a broker.
 * @param stack stops them, and all agents, when it is disposed
 * @throws Error when the weights are missing
 */
export async function openDrawnStreet(stack: AsyncDisposableStack): Promise<DrawnStreet> {
  const weights = findModel("yolov5n.pt");
  if (weights === undefined)
    throw new Error("yolov5n.pt is missing. To download it: scripts/fetch-model yolov5n");
  const folder = stack.use(await temporaryFolder());
  const clip = join(folder.path, "street.mp4");
  await filmDrawnStreet(clip, new AbortController().signal);
  const { bytes } = await compileFile(weights, { size: { width: 416, height: 256 }, precision: "i16" });
  const module = join(folder.path, "yolov5n.wasm");
  writeFileSync(module, bytes);
  const broker = stack.use(await startEmbeddedBroker());
  const camera = stack.use(await startCamera(clip));
  const [node, ...main] = buildAgent();
  const stateOf = (name: string) => join(folder.path, `state-${name}`);
  return {
    stateOf,
    async watch(name, { view }) {
      const config = join(folder.path, `${name}.yml`);
      const mqtt = { ...broker.address, client_id: name, topic_prefix: name };
      writeFileSync(
        config,
        stringify({ mqtt, ...settingsOf(module, camera.url, view), state_dir: stateOf(name) }),
      );
      const port = Promise.withResolvers<number>();
      const isOn = Promise.withResolvers<void>();
      const agent = startChild("the agent", [node, ...serviceOptions(), ...main, "run", "-c", config], {
        env: serviceEnvironment(),
        onLine(line) {
          const [, found] = PORT_IN_LOG.exec(line) ?? [];
          if (found !== undefined) port.resolve(Number(found));
          if (ON_IN_LOG.test(line)) isOn.resolve();
        },
      });
      stack.defer(() => agent.stop());
      const failed = agent.ended.then((how) => {
        throw new Error(`the agent ended (${how}): ${agent.lastLines().join("\n")}`);
      });
      failed.catch(() => {});
      await Promise.race([isOn.promise, failed]);
      const address = view ? new URL(`http://127.0.0.1:${await port.promise}/?token=${TOKEN}`) : undefined;
      return { pid: agent.pid ?? 0, address, stop: agent.stop };
    },
  };
}

function settingsOf(module: string, cameraUrl: string, hasView: boolean): object {
  return {
    model: { path: module },
    ...(hasView ? { view: { enabled: true, port: 0, token: TOKEN } } : {}),
    cameras: {
      [STREET_CAMERA]: {
        ffmpeg: { inputs: [{ path: cameraUrl }] },
        objects: { track: ["person", "car"] },
        zones: { sidewalk: { coordinates: "0,0.55,1,0.55,1,0.7,0,0.7" } },
      },
    },
  };
}
