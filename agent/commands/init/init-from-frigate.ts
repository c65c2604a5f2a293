import { sabrewingHome } from "../../../detectors/detector.ts";
import { UsageError } from "../../base/errors.ts";
import { printed } from "../../base/plain-text.ts";
import { programFolder } from "../../program-folder.ts";
import type { FirstAnswers, FirstCamera, FirstFiles } from "./first-config.ts";
import { firstModel } from "./first-places.ts";
import { type InitOptions, readBroker } from "./flags.ts";
import { type Remark, remarkLines } from "./frigate/remarks.ts";
import { fromFrigate } from "./from-frigate.ts";
import { BROKER_PASSWORD, loginOf } from "./logins.ts";

/** The parts of a written configuration that are printed. */
export interface Written {
  readonly cameras: readonly Pick<FirstCamera, "name" | "size">[];
  readonly viewToken?: string | undefined;
}

/** The steps of `init` that answers and Frigate's configuration have in common. */
export interface InitSteps {
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
  /** Writes the files. @returns the file of secrets, if there are any */
  readonly write: (files: FirstFiles) => string | undefined;
  /** Prints the written files and the next commands. */
  readonly tell: (
    options: InitOptions,
    written: Written,
    secrets: string | undefined,
    remarks: readonly Remark[],
  ) => void;
}

/** `init --from`: converts a configuration of Frigate without questions. */
export async function initFromFrigate(
  from: string,
  options: InitOptions,
  { signal, note, write, tell }: InitSteps,
): Promise<void> {
  if (options.camera.length > 0 || options.discover || options.cameraUser !== undefined) {
    throw new UsageError(
      "--from takes the cameras from Frigate's configuration: --camera, --discover and --camera-user have no effect",
      "Leave these options out.",
    );
  }
  const installedModel = firstModel(programFolder(), [".", sabrewingHome(process.env)]);
  const { files, remarks, cameras, model } = await fromFrigate({
    ...options,
    ...{ from, installedModel, signal, note },
    model: options.model === installedModel ? undefined : options.model,
    broker: await brokerOf(options),
  });
  if (signal.aborted) return;
  const secrets = write(files);
  if (!options.json) process.stdout.write(printed(remarkLines(remarks).join("\n")));
  tell({ ...options, model }, { cameras: cameras.map((name) => ({ name })) }, secrets, remarks);
}

/** The broker from the flags; undefined: that of the file. */
async function brokerOf({ broker, brokerUser }: InitOptions): Promise<FirstAnswers["broker"] | undefined> {
  if (broker === undefined) return undefined;
  const login = await loginOf(brokerUser, BROKER_PASSWORD, { env: process.env, ask: undefined });
  return { ...readBroker(broker), ...login };
}
