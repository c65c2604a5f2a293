import { MAGIC, REQUEST_HEADER_BYTES, RESET_FLAG } from "../module-format.ts";
import type { ModuleIo } from "./module-io.ts";

/** One inference. */
export interface ModuleRequest {
  /** In the order of the description. Rounded to f32, so that every engine gets the same ones. */
  readonly parameters: readonly number[];
  /** The bytes of each input, in the order of the description. */
  readonly inputs: readonly Uint8Array[];
  /** Whether the module forgets earlier inferences first. */
  readonly reset?: boolean;
}

/**
 * Writes a request into `bytes`: the header, the parameters, the inputs.
 * @param bytes as many as `requestBytes` states.
 * @param sequence u32, which the reply must repeat.
 */
export function writeRequest(bytes: Uint8Array, sequence: number, request: ModuleRequest): void {
  const { parameters, inputs, reset = false } = request;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, sequence, true);
  view.setUint32(8, 4 * parameters.length, true);
  view.setUint32(12, reset ? RESET_FLAG : 0, true);
  for (const [index, parameter] of parameters.entries()) {
    view.setFloat32(REQUEST_HEADER_BYTES + 4 * index, parameter, true);
  }
  let at = REQUEST_HEADER_BYTES + 4 * parameters.length;
  for (const input of inputs) {
    bytes.set(input, at);
    at += input.length;
  }
}

/** The parts of a request, as views of its bytes. */
export interface RequestParts {
  readonly sequence: number;
  readonly reset: boolean;
  /** 4 bytes each. */
  readonly parameters: readonly Uint8Array[];
  readonly inputs: readonly Uint8Array[];
}

/** Takes apart a request that `writeRequest` wrote for a module of these sizes. */
export function readRequest(bytes: Uint8Array, { parameters, inputs }: ModuleIo): RequestParts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = REQUEST_HEADER_BYTES;
  const take = (length: number): Uint8Array => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  return {
    sequence: view.getUint32(4, true),
    reset: (view.getUint32(12, true) & RESET_FLAG) !== 0,
    parameters: Array.from({ length: parameters }, () => take(4)),
    inputs: inputs.map(take),
  };
}
