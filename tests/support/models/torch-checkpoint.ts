import { call, dict, global, object, type Py, type PyValue, pickle, tuple } from "./pickler.ts";
import { type EntryQuirks, storedZip, type ZipEntry } from "./stored-zip.ts";

export type Dtype = "float32" | "float16";

/** Collects the storages of a model and writes model and storages like torch.save. */
export interface TorchWriter {
  /** A tensor with a storage of its own. */
  tensor(data: Float32Array, shape: readonly number[], dtype?: Dtype): Py;
  parameter(data: Float32Array, shape: readonly number[], dtype?: Dtype): Py;
  /** The archive with `root` as its pickle. */
  save(root: PyValue, quirks?: ArchiveQuirks): Uint8Array;
}

/** Deviations from an archive of torch.save. */
export interface ArchiveQuirks {
  /** The pickle's bytes, instead of `root`. */
  readonly pickle?: Uint8Array;
  readonly pickleEntry?: EntryQuirks;
  readonly byteOrder?: string;
  readonly extraEntries?: readonly ZipEntry[];
  /** First part of the entry names: `archive` with torch 1.6 to 1.12, the file's name with later versions. */
  readonly name?: string;
}

/** Starts an empty archive. */
export function torchWriter(): TorchWriter {
  const storages: Uint8Array[] = [];

  function tensor(data: Float32Array, shape: readonly number[], dtype: Dtype = "float32"): Py {
    const key = String(storages.length);
    storages.push(
      dtype === "float16" ? toHalf(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    const type = global(dtype === "float16" ? "torch.HalfStorage" : "torch.FloatStorage");
    const strides = shape.map((_, axis) =>
      shape.slice(axis + 1).reduce((product, size) => product * size, 1),
    );
    return call(
      "torch._utils._rebuild_tensor_v2",
      { kind: "persistent", id: tuple("storage", type, key, "cpu", data.length) },
      0,
      tuple(...shape),
      tuple(...strides),
      false,
      call("collections.OrderedDict"),
    );
  }

  return {
    tensor,
    parameter: (data, shape, dtype) =>
      call(
        "torch._utils._rebuild_parameter",
        tensor(data, shape, dtype),
        false,
        call("collections.OrderedDict"),
      ),
    save(root, quirks = {}) {
      const name = quirks.name ?? "archive";
      const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
      return storedZip([
        [`${name}/data.pkl`, quirks.pickle ?? pickle(root), quirks.pickleEntry ?? {}],
        ...(quirks.byteOrder === undefined ? [] : [[`${name}/byteorder`, encode(quirks.byteOrder)] as const]),
        ...storages.map((bytes, key) => [`${name}/data/${key}`, bytes] as const),
        [`${name}/version`, encode("3\n")],
        ...(quirks.extraEntries ?? []),
      ]);
    },
  };
}

/** The parts of a module. */
export interface ModuleParts {
  readonly parameters?: Readonly<Record<string, PyValue>>;
  readonly buffers?: Readonly<Record<string, PyValue>>;
  readonly modules?: Readonly<Record<string, PyValue>>;
  readonly attributes?: Readonly<Record<string, PyValue>>;
}

/** A torch.nn.Module, written as its `__dict__`. */
export function torchModule(className: string, parts: ModuleParts = {}): Py {
  return object(
    className,
    dict({
      training: false,
      _parameters: dict(parts.parameters ?? {}),
      _buffers: dict(parts.buffers ?? {}),
      _non_persistent_buffers_set: call("builtins.set", []),
      _forward_hooks: call("collections.OrderedDict"),
      _modules: dict(parts.modules ?? {}),
      ...parts.attributes,
    }),
  );
}

/** Rounds to the nearest binary16, ties to even; larger than 65504 becomes infinite. */
function toHalf(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of data.entries()) view.setUint16(2 * i, halfBits(value), true);
  return bytes;
}

function halfBits(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === 0) return sign;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const scaled = (size / 2 ** exponent) * 1024;
  const floor = Math.floor(scaled);
  const up = scaled - floor > 0.5 || (scaled - floor === 0.5 && floor % 2 === 1);
  // A subnormal number lacks the implicit one. A carry from rounding goes into the exponent by the addition.
  return sign | Math.min(0x7c00, (exponent + 15 - 1) * 1024 + floor + (up ? 1 : 0));
}
