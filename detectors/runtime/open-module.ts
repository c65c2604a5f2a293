import type { ModuleInfo, ModuleOptions, OpenModule, TensorInferenceOptions } from "../contract.ts";
import { loadModule } from "./module.ts";
import { START_DEADLINE_MS, startPool } from "./pool.ts";
import { inputBytes, parseTensors } from "./tensors.ts";

/**
 * Opens a module of any task in a thread of its own. Resolves when the file has been checked: only a real request shows
 * whether the module can run, since not every module answers a blank one.
 * @throws ModelError when the file is no usable module.
 */
export async function openModule(path: string, options: ModuleOptions): Promise<OpenModule> {
  const pool = await startPool(
    loadModule(path, options),
    ({ outputs }) => ({ blank: undefined, parse: (reply) => parseTensors(reply, outputs) }),
    { ...options, instances: 1 },
    Math.max(START_DEADLINE_MS, options.deadlineMs),
  );
  const { info, runtime } = pool;
  return {
    info,
    runtime,
    async inferTensors(inputs, { parameters = {}, reset = false }: TensorInferenceOptions = {}) {
      if (inputs.length !== info.inputs.length) {
        throw new RangeError(`expected ${info.inputs.length} inputs, received ${inputs.length}`);
      }
      const request = {
        parameters: parameterValues(info, parameters),
        inputs: info.inputs.flatMap((spec, index) => {
          const data = inputs[index];
          return data === undefined ? [] : [inputBytes(data, spec)];
        }),
        reset,
      };
      const { result, inferenceMs } = await pool.infer(request);
      return { outputs: result, inferenceMs };
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

/** @throws RangeError for a name that is no parameter */
function parameterValues(info: ModuleInfo, given: Readonly<Record<string, number>>): number[] {
  const names = info.parameters.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.length === 0 ? "none" : names.join(", ");
    throw new RangeError(`expected a parameter of the module (${known}), received "${unknown}"`);
  }
  return info.parameters.map(({ name, default: value }) =>
    Object.hasOwn(given, name) ? (given[name] ?? value) : value,
  );
}
