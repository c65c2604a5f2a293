import { ModelError } from "../../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { coarsestStride } from "../graph/coarsest-stride.ts";
import type { Graph, ImageSize, ImportedDetector } from "../graph/graph.ts";
import { checkSize, retype } from "../graph/retype.ts";
import { ShapeError } from "../ops/shapes.ts";
import type { CutRule } from "./cut.ts";
import { UnknownHead } from "./errors.ts";
import type { ExportedTail, HeadRecogniser, RecognisedHead } from "./heads/head.ts";
import { HEADS } from "./heads/index.ts";
import type { DetectorOptions } from "./importer.ts";

/** A model of nodes that may be a detector. */
export interface NodeModel {
  /**
   * The size of its only input, an image. Sides that the file leaves open are undefined.
   * @throws ModelError when it has other inputs.
   */
  readonly image: () => { readonly width: number | undefined; readonly height: number | undefined };
  /**
   * Translates the network up to a cut.
   * @throws ModelError that lists every operator that cannot be compiled; ShapeError when nodes do not fit together.
   */
  readonly network: (cut: CutRule, input: ImageSize, pixelScale: number) => ImportedNetwork;
  /** @throws ModelError when the file names its classes, but not this number of them. */
  readonly labels: (classes: number) => readonly string[];
}

/** A translated network, and what the file has behind it. */
export interface ImportedNetwork {
  readonly builder: GraphBuilder;
  readonly tail: ExportedTail;
}

/**
 * Tries all heads that the compiler knows.
 * @throws UnknownHead when it is none of them; ModelError when it is one, but not for this size or with these labels.
 */
export function importDetector(
  model: NodeModel,
  { name, size }: DetectorOptions,
  heads: readonly HeadRecogniser[] = HEADS,
): ImportedDetector {
  /** The heads by the reason why the model does not have them. */
  const refused = new Map<string, string[]>();
  for (const head of heads) {
    const found = attempt(() => recognise(model, head, size));
    if (found instanceof ModelError) {
      refused.set(found.message, [...(refused.get(found.message) ?? []), head.name]);
      continue;
    }
    const { own, builder, recognised } = found;
    const graph = builder.finish(recognised.add(builder));
    const labels = model.labels(recognised.classes);
    return { task: "detect", name, labels, graph: size ? resized(graph, own, size) : graph };
  }
  throw new UnknownHead(
    "The model is not a detector that the compiler knows:",
    "Compile it with --task tensor: the module then takes and gives what the file does.",
    { list: [...refused].flatMap(([why, names]) => `${names.join(", ")}: ${why}`.split("\n")) },
  );
}

interface Found {
  /** The size for which the network was translated. */
  readonly own: ImageSize;
  readonly builder: GraphBuilder;
  readonly recognised: RecognisedHead;
}

function recognise(model: NodeModel, head: HeadRecogniser, size: ImageSize | undefined): Found {
  const image = model.image();
  const width = image.width ?? head.side ?? size?.width;
  const height = image.height ?? head.side ?? size?.height;
  if (width === undefined || height === undefined) {
    throw new ModelError("the model does not state its input size", "Give one, for example --size 512x512.");
  }
  const own = { width, height };
  checkSize(own, head.stride);
  const { builder, tail } = model.network(head.cut, own, head.pixelScale);
  return { own, builder, recognised: head.recognise(tail) };
}

/** The error by which a file that does not fit is refused. */
function attempt(run: () => Found): Found | ModelError {
  try {
    return run();
  } catch (error) {
    if (error instanceof ModelError) return error;
    if (!(error instanceof ShapeError)) throw error;
    return new ModelError(`its nodes do not fit together: ${error.message}`, "", { cause: error });
  }
}

/**
 * Retypes the graph for another size. SAME padding depends on the map's size unless that is a multiple of the stride. So both
 * sizes must be multiples of the coarsest stride; then all paddings stay the same.
 */
function resized(graph: Graph, own: ImageSize, size: ImageSize): Graph {
  if (size.width === own.width && size.height === own.height) return graph;
  const stride = coarsestStride(graph);
  for (const asked of [own, size]) checkSize(asked, stride);
  return retype(graph, size);
}
