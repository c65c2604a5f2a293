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

/**
 * Starts a camera, a broker and an agent that watches a drawn street with YOLOv5n and has its live view open.
 * @param stack stops them when it is disposed
 * @returns URL of the live view, including its token
 * @throws Error when the weights are missing
 */
export async function watchDrawnStreet(stack: AsyncDisposableStack): Promise<URL> {
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

  const config = join(folder.path, "sabrewing.yml");
  writeFileSync(
    config,
    stringify({
      mqtt: { host: broker.address.host, port: broker.address.port },
      model: { path: module },
      view: { enabled: true, port: 0, token: TOKEN },
      state_dir: join(folder.path, "state"),
      cameras: {
        street: {
          ffmpeg: { inputs: [{ path: camera.url }] },
          objects: { track: ["person", "car"] },
          zones: { sidewalk: { coordinates: "0,0.55,1,0.55,1,0.7,0,0.7" } },
        },
      },
    }),
  );
  const opened = Promise.withResolvers<number>();
  const [node, ...main] = buildAgent();
  const agent = startChild("the agent", [node, ...serviceOptions(), ...main, "run", "-c", config], {
    env: serviceEnvironment(),
    onLine(line) {
      const [, port] = PORT_IN_LOG.exec(line) ?? [];
      if (port !== undefined) opened.resolve(Number(port));
    },
  });
  stack.defer(() => agent.stop());
  return new URL(`http://127.0.0.1:${await opened.promise}/?token=${TOKEN}`);
}
