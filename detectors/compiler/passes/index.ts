import type { Graph } from "../graph/graph.ts";
import { verify } from "../graph/verify.ts";
import { foldConstants } from "./fold-constants.ts";
import { fuseActivation } from "./fuse-activation.ts";
import { fuseBias } from "./fuse-bias.ts";
import { fuseHardSwish } from "./fuse-hard-swish.ts";
import { fuseLookups } from "./fuse-lookups.ts";
import { fusePadding } from "./fuse-padding.ts";
import { fuseResidual } from "./fuse-residual.ts";
import { fuseScale } from "./fuse-scale.ts";
import { fuseSilu } from "./fuse-silu.ts";
import { lowerToMaps } from "./lower-to-maps.ts";
import { mergeRearrangements } from "./merge-rearrangements.ts";
import { removeDead } from "./remove-dead.ts";
import { simplify } from "./simplify.ts";
import { smallestBranchFirst } from "./smallest-branch-first.ts";
import { sparseHead } from "./sparse-head.ts";
import { splitWidest } from "./split-widest.ts";
import { stemOnBytes } from "./stem-on-bytes.ts";
import { stemTo3x3 } from "./stem-to-3x3.ts";

/** A rewrite of the graph after which the network computes the same, but faster or with less memory. */
export interface Pass {
  readonly name: string;
  readonly why: string;
  /** @param keep values that must remain in the graph */
  readonly run: (graph: Graph, keep: readonly string[]) => Graph;
}

/** All passes, in the order in which they run. */
export const passes: readonly Pass[] = [
  { name: "fold-constants", why: "constant values are computed at compile time", run: foldConstants },
  { name: "simplify", why: "other passes look for one form of each computation", run: simplify },
  {
    name: "lower-to-maps",
    why: "the fast kernels compute on feature maps [height, width, channels]",
    run: lowerToMaps,
  },
  {
    name: "merge-rearrangements",
    why: "a layout change that is undone costs nothing",
    run: mergeRearrangements,
  },
  { name: "fuse-padding", why: "kernels read a border for free", run: fusePadding },
  { name: "fuse-scale", why: "a batch norm's factor costs nothing inside the weights", run: fuseScale },
  { name: "fuse-bias", why: "a convolution's accumulators can start at the bias", run: fuseBias },
  { name: "fuse-silu", why: "one pass over the data instead of two, and one buffer less", run: fuseSilu },
  { name: "fuse-hard-swish", why: "one pass over the data instead of four", run: fuseHardSwish },
  { name: "fuse-activation", why: "a row is activated while it is in the cache", run: fuseActivation },
  {
    name: "fuse-residual",
    why: "adding while the row is in the cache saves a pass over memory",
    run: fuseResidual,
  },
  { name: "fuse-lookups", why: "functions of one byte are one table", run: fuseLookups },
  {
    name: "stem-to-3x3",
    why: "a 6×6 of stride 2 equals a 3×3 of stride 1 on blocks, which Winograd computes with a quarter of the products",
    run: stemTo3x3,
  },
  {
    name: "stem-on-bytes",
    why: "bytes take a quarter of the memory of floats, and the input is the largest feature map",
    run: stemOnBytes,
  },
  {
    name: "sparse-head",
    why: "anchors without an object need only their objectness",
    run: sparseHead,
  },
  {
    name: "split-widest",
    why: "the largest feature map determines the peak of memory: it is computed in parts",
    run: splitWidest,
  },
  { name: "remove-dead", why: "unused values need no code, weights or memory", run: removeDead },
  {
    name: "smallest-branch-first",
    why: "results that wait for other branches should be small",
    run: smallestBranchFirst,
  },
];

/**
 * Runs all passes and checks the graph after each.
 * @param onStage called with every stage's graph: `import` before the first pass, then the name of each pass
 * @throws Error naming the pass that broke the graph.
 */
export function runPasses(
  graph: Graph,
  onStage?: (name: string, graph: Graph) => void,
  keep: readonly string[] = [],
): Graph {
  check("import", graph);
  onStage?.("import", graph);
  return passes.reduce((before, { name, run }) => {
    const after = run(before, keep);
    check(name, after);
    onStage?.(name, after);
    return after;
  }, graph);
}

function check(stage: string, graph: Graph): void {
  try {
    verify(graph);
  } catch (error) {
    throw new Error(`after "${stage}" ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
