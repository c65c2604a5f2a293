import { ModelError } from "../../../errors.ts";
import { describeValue, PickleObject, type PickleValue } from "./pickle-value.ts";
import type { TorchArchive } from "./torch-archive.ts";
import { readTensor, type TorchTensor } from "./torch-tensor.ts";

/** A torch.nn.Module, read from its pickle, and its place in the model. */
export interface TorchModule {
  /** `models.common.Conv` */
  readonly className: string;
  /** `model.2.m.0.cv1` */
  readonly place: string;
  /** In order of definition. */
  readonly children: ReadonlyMap<string, PickleObject>;
  readonly parameters: ReadonlyMap<PickleValue, PickleValue>;
  readonly buffers: ReadonlyMap<PickleValue, PickleValue>;
  readonly attributes: ReadonlyMap<PickleValue, PickleValue>;
}

/**
 * Reads an object as a module. Its state is the instance's `__dict__` with `_modules`, `_parameters` and `_buffers`.
 * @throws ModelError when it is not a module.
 */
export function readModule(value: PickleValue | undefined, place: string): TorchModule {
  const attributes = value instanceof PickleObject ? value.state : null;
  if (!(value instanceof PickleObject) || !(attributes instanceof Map)) {
    throw malformed(place, `expected a module, received ${describeValue(value)}`);
  }
  const children = new Map<string, PickleObject>();
  for (const [name, child] of mapOf(attributes, "_modules", place)) {
    if (child === null) continue; // torch allows setting a module to None
    if (typeof name !== "string" || !(child instanceof PickleObject)) {
      throw malformed(place, `expected only modules in _modules, received ${describeValue(child)}`);
    }
    children.set(name, child);
  }
  return {
    className: value.className,
    place,
    children,
    parameters: mapOf(attributes, "_parameters", place),
    buffers: mapOf(attributes, "_buffers", place),
    attributes,
  };
}

function mapOf(
  attributes: ReadonlyMap<PickleValue, PickleValue>,
  name: string,
  place: string,
): ReadonlyMap<PickleValue, PickleValue> {
  const map = attributes.get(name);
  if (map instanceof Map) return map;
  throw malformed(place, `its ${name} should be a dict, received ${describeValue(map)}`);
}

/** The child of that name, or undefined. */
export function optionalChild(module: TorchModule, name: string): TorchModule | undefined {
  const value = module.children.get(name);
  return value && readModule(value, `${module.place}.${name}`);
}

/** @throws ModelError when the module has no such child. */
export function child(module: TorchModule, name: string): TorchModule {
  const found = optionalChild(module, name);
  if (!found) throw malformed(module.place, `it is a ${module.className} without a child ${name}`);
  return found;
}

/** Every child, in order. */
export function childrenOf(module: TorchModule): TorchModule[] {
  return [...module.children].map(([name, value]) => readModule(value, `${module.place}.${name}`));
}

/** The class name without its Python module: `Conv`. */
export function shortName(className: string): string {
  return className.slice(className.lastIndexOf(".") + 1);
}

/** A parameter or buffer; undefined when it is None or absent. */
export function optionalTensor(
  archive: TorchArchive,
  module: TorchModule,
  name: string,
): TorchTensor | undefined {
  const value = module.parameters.get(name) ?? module.buffers.get(name) ?? null;
  return value === null ? undefined : readTensor(archive, value, `${module.place}.${name}`);
}

/** @throws ModelError when the module has no such parameter or buffer, or it has another shape than `expected`. */
export function tensor(
  archive: TorchArchive,
  module: TorchModule,
  name: string,
  expected?: readonly number[],
): TorchTensor {
  const found = optionalTensor(archive, module, name);
  if (!found) throw malformed(module.place, `it is a ${module.className} without a ${name}`);
  if (
    expected &&
    (found.shape.length !== expected.length || found.shape.some((n, axis) => n !== expected[axis]))
  ) {
    throw malformed(
      `${module.place}.${name}`,
      `expected shape [${expected.join(", ")}], received [${found.shape.join(", ")}]`,
    );
  }
  return found;
}

/** @throws ModelError when the attribute is not a finite number. */
export function numberAttribute(module: TorchModule, name: string): number {
  const value = module.attributes.get(name);
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw malformed(module.place, `its ${name} should be a number, received ${describeValue(value)}`);
}

/** An attribute that torch writes as one number or as a pair (height, width). */
export function pairAttribute(module: TorchModule, name: string): [height: number, width: number] {
  const value = module.attributes.get(name);
  const [height, width] = Array.isArray(value) ? value : [value, value];
  if (typeof height === "number" && typeof width === "number") return [height, width];
  throw malformed(module.place, `its ${name} should be one or two numbers, received ${describeValue(value)}`);
}

/** A checkpoint whose objects do not fit together. */
export function malformed(place: string, what: string): ModelError {
  return new ModelError(
    `The checkpoint's ${place} cannot be used: ${what}.`,
    "Get the file again, or export it to ONNX in its training environment.",
  );
}
