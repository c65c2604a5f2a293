import { startSurvey } from "../survey.ts";
import { familyOf } from "./origin.ts";
import { childrenOf, malformed, pairAttribute, type TorchModule } from "./torch-module.ts";

/** Deeper than any YOLOv5. It stops at a module that contains itself. */
const MAX_DEPTH = 16;
/** YOLOv5x6 has about 1,200 modules. Modules that share children could otherwise multiply without limit. */
const MAX_MODULES = 20_000;

/** The supported layers. Each function returns why a module cannot be compiled; undefined when it can. */
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
 * Checks all layers before the graph is built.
 * @throws ModelError that lists everything that cannot be compiled, with its places in the model.
 */
export function refuseUnsupported(layers: TorchModule): void {
  const survey = startSurvey("layer");
  const missing: string[] = [];
  let modules = 0;

  function visit(module: TorchModule, depth: number): void {
    modules++;
    if (depth > MAX_DEPTH || modules > MAX_MODULES) {
      throw malformed(
        "model",
        `its modules are nested deeper than ${MAX_DEPTH} levels, or there are more than ${MAX_MODULES}`,
      );
    }
    const obstacle = SUPPORTED.has(module.className)
      ? SUPPORTED.get(module.className)?.(module)
      : module.className;
    if (obstacle === undefined) {
      for (const part of childrenOf(module)) visit(part, depth + 1);
      return;
    }
    // The children of an unsupported layer are not listed: they depend on how that layer would be supported.
    survey.add(obstacle, module.place);
    missing.push(module.className);
  }
  visit(layers, 0);
  const family = familyOf(missing);
  survey.refuse(
    `The checkpoint ${family === undefined ? "" : `is ${family.what}; it `}uses layers that cannot be compiled:`,
    family?.remedy ??
      "Train with the standard layers of YOLOv5 v5 to v7: Conv, C3, SPPF or SPP, Focus, Concat, nearest Upsample, and SiLU.",
  );
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
  if (module.attributes.get("ceil_mode") === true) return `${module.className} with ceil_mode`;
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
