import {
  type ModelDescription,
  REPLY_HEADER_BYTES,
  REQUEST_HEADER_BYTES,
  tensorBytes,
} from "../module-format.ts";

/** One output: its bytes with all rows, and the number of rows if they are counted. */
export interface OutputSize {
  readonly bytes: number;
  readonly rows?: number;
}

/** The sizes of a module's requests and replies. Plain data: threads get it by message. */
export interface ModuleIo {
  /** Number of parameters. */
  readonly parameters: number;
  /** Bytes of each input. */
  readonly inputs: readonly number[];
  readonly outputs: readonly OutputSize[];
  readonly hasState: boolean;
}

export function ioOf({ parameters, inputs, outputs, state }: ModelDescription): ModuleIo {
  return {
    parameters: parameters.length,
    inputs: inputs.map(tensorBytes),
    outputs: outputs.map((output) => {
      const [rows = 0] = output.shape;
      const bytes = tensorBytes(output);
      return output.rows === "counted" ? { bytes, rows } : { bytes };
    }),
    hasState: state === true,
  };
}

/** The largest count of a reply; 0 if no output is counted. */
export function maxCount({ outputs }: ModuleIo): number {
  return outputs.find(({ rows }) => rows !== undefined)?.rows ?? 0;
}

/** Bytes of one output in a reply with this count. */
export function outputBytes({ bytes, rows }: OutputSize, count: number): number {
  return rows === undefined || rows === 0 ? bytes : (bytes / rows) * count;
}

/** Bytes of a whole request. */
export function requestBytes({ parameters, inputs }: ModuleIo): number {
  return REQUEST_HEADER_BYTES + 4 * parameters + sum(inputs);
}

/** Bytes of the largest valid reply. */
export function maxReplyBytes({ outputs }: ModuleIo): number {
  return REPLY_HEADER_BYTES + sum(outputs.map(({ bytes }) => bytes));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
