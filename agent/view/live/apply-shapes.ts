import { z } from "zod";
import { ConfigError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { CameraShapes } from "../../config/write-shapes.ts";
import { jsonReply, type Reply, textReply } from "./reply.ts";

/** Writes the zones and masks of a camera to the configuration file. @throws ConfigError */
export type ApplyShapes = (camera: string, shapes: CameraShapes) => Promise<void>;

const Polygons = z.array(z.string().max(10_000)).max(200);
const ShapesSchema = z.strictObject({
  zones: z
    .array(
      z.strictObject({
        name: z.string().max(200),
        before: z.string().max(200).optional(),
        coordinates: z.string().max(10_000),
      }),
    )
    .max(200),
  motionMasks: Polygons,
  objectMasks: Polygons,
});

/**
 * Answers a request of the page to change a camera's zones and masks.
 * @param body JSON; undefined: it was too long
 */
export async function answerShapes(
  camera: string,
  body: string | undefined,
  {
    cameras,
    applyShapes,
    log,
  }: {
    readonly cameras: readonly string[];
    readonly applyShapes: ApplyShapes | undefined;
    readonly log: Log;
  },
): Promise<Reply> {
  if (body === undefined) return textReply(413, "Too many zones and masks.", { Connection: "close" });
  if (applyShapes === undefined) {
    return textReply(403, "The configuration does not allow it: view.allow_config_changes is false.");
  }
  if (!cameras.includes(camera)) return textReply(404, "No such camera.");
  const shapes = ShapesSchema.safeParse(parsed(body));
  if (!shapes.success) return textReply(400, "Bad request.");
  try {
    await applyShapes(camera, shapes.data);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return jsonReply({ problem: error.message, remedy: error.remedy }, 409);
  }
  log.info({ camera }, "the live view changed the zones and masks in the configuration");
  return jsonReply({});
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
