import { ModelError } from "../../../errors.ts";
import { childrenOf, malformed, pairAttribute, type TorchModule } from "./torch-module.ts";

/** Deeper than any YOLOv5: a module that contains itself ends here. */
const MAX_DEPTH = 16;
/** YOLOv5x6 has about 1,200 modules; ones that share children could otherwise multiply without end. */
const MAX_MODULES = 20_000;

/** Layers that can be compiled; each tells what about one of it cannot, if anything. */
const SUPPORTED: ReadonlyMap<string, (module: TorchModule) => string | undefined> = new Map([
  ["models.common.Conv", nothing],
  ["models.common.C3", nothing],
  ["models.common.Bottleneck", nothing],
  ["models.common.SPPF", nothing],
  ["models.common.SPP", nothing],
  ["models.common.Focus", nothing],
  ["models.common.Concat", concatObstacle],
  ["models.yolo.Detect", nothing],
  ["torch.nn.modules.container.Sequential", nothing],
  ["torch.nn.modules.container.ModuleList", nothing],
  ["torch.nn.modules.linear.Identity", nothing],
  ["torch.nn.modules.activation.SiLU", nothing],
  ["torch.nn.modules.batchnorm.BatchNorm2d", nothing],
  ["torch.nn.modules.conv.Conv2d", convolutionObstacle],
  ["torch.nn.modules.pooling.MaxPool2d", poolObstacle],
  ["torch.nn.modules.upsampling.Upsample", upsampleObstacle],
]);

/**
 * Looks through all layers before anything is built.
 * @throws ModelError listing everything that cannot be compiled, each with its places in the model.
 */
export function refuseUnsupported(layers: TorchModule): void {
  const places = new Map<string, string[]>();
  let modules = 0;

  function visit(module: TorchModule, depth: number): void {
    modules++;
    if (depth > MAX_DEPTH || modules > MAX_MODULES) {
      throw malformed("model", `its modules nest deeper than ${MAX_DEPTH}, or are more than ${MAX_MODULES}`);
    }
    const obstacle = SUPPORTED.has(module.className)
      ? SUPPORTED.get(module.className)?.(module)
      : module.className;
    if (obstacle === undefined) {
      for (const part of childrenOf(module)) visit(part, depth + 1);
      return;
    }
    // The parts of an unsupported layer are its own affair: supporting it would settle them.
    const known = places.get(obstacle);
    if (known) known.push(module.place);
    else places.set(obstacle, [module.place]);
  }
  visit(layers, 0);

  if (places.size === 0) return;
  const list = [...places].map(([obstacle, where]) => `${obstacle}: ${showPlaces(where)}`);
  throw new ModelError(
    `The checkpoint uses layers that cannot be compiled:`,
    "Train with the layers that YOLOv5 v5 to v7 use by themselves: Conv, C3, SPPF or SPP, Focus, Concat, nearest Upsample, and SiLU.",
    { list },
  );
}

/** An activation may occur in every layer: the first places tell enough. */
function showPlaces(places: readonly string[]): string {
  const shown = places.slice(0, 4).join(", ");
  return places.length > 4 ? `${shown} and ${places.length - 4} more` : shown;
}

function nothing(): undefined {
  return undefined;
}

function concatObstacle(module: TorchModule): string | undefined {
  const axis = module.attributes.get("d");
  return axis === 1 ? undefined : `${module.className} along axis ${axis}`;
}

function convolutionObstacle(module: TorchModule): string | undefined {
  const { className, attributes } = module;
  const groups = attributes.get("groups");
  if (groups !== 1) return `${className} with ${groups} groups`;
  const mode = attributes.get("padding_mode");
  if (mode !== "zeros") return `${className} with padding mode ${mode}`;
  if (typeof attributes.get("padding") === "string")
    return `${className} with padding "${attributes.get("padding")}"`;
  const [dilationHeight, dilationWidth] = pairAttribute(module, "dilation");
  if (dilationHeight !== 1 || dilationWidth !== 1)
    return `${className} with dilation ${dilationHeight}×${dilationWidth}`;
  const [strideHeight, strideWidth] = pairAttribute(module, "stride");
  if (strideHeight !== strideWidth) return `${className} with stride ${strideHeight}×${strideWidth}`;
  return undefined;
}

function poolObstacle(module: TorchModule): string | undefined {
  if (module.attributes.get("ceil_mode") === true) return `${module.className} that rounds its size up`;
  for (const name of ["kernel_size", "stride", "padding", "dilation"]) {
    const [height, width] = pairAttribute(module, name);
    if (height !== width || (name === "dilation" && height !== 1)) {
      return `${module.className} with ${name} ${height}×${width}`;
    }
  }
  return undefined;
}

function upsampleObstacle(module: TorchModule): string | undefined {
  const mode = module.attributes.get("mode");
  if (mode !== "nearest") return `${module.className} with mode ${mode}`;
  const factor = module.attributes.get("scale_factor");
  const [height, width] = Array.isArray(factor) ? factor : [factor, factor];
  if (typeof height === "number" && Number.isInteger(height) && height === width) return undefined;
  return `${module.className} by a factor of ${height}×${width}`;
}
