import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { chooseModule, sabrewingHome } from "../../../detectors/detector.ts";
import { ENCODING } from "../../base/address-mistake.ts";
import { EXIT } from "../../base/errors.ts";
import { allowPort } from "../../base/listen.ts";
import { plainJson, printed } from "../../base/plain-text.ts";
import { SECRETS_FILE } from "../../config/secrets-file.ts";
import { programFolder } from "../../program-folder.ts";
import { isOfService, startCommand } from "../shared/start-command.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";
import { answersTo, USUAL_LABELS } from "./answers.ts";
import { type FirstFiles, firstConfig } from "./first-config.ts";
import { firstConfigFile, firstModel, isStarter } from "./first-places.ts";
import type { InitOptions } from "./flags.ts";
import type { Remark } from "./frigate/remarks.ts";
import { initFromFrigate, type Written } from "./init-from-frigate.ts";
import { BROKER_PASSWORD, CAMERA_PASSWORD } from "./logins.ts";
import { Cancelled } from "./questions.ts";
import { requireFree, writeFiles } from "./write-files.ts";

/** The default of `view.port`. */
const VIEW_PORT = 5080;
const EXAMPLES = `
Examples:
  sabrewing init                                        ask for everything and search for cameras
  sabrewing init --broker broker.local --broker-user cam \\
    --camera door=rtsp://10.0.0.7/stream1 --camera door=rtsp://10.0.0.7/stream2 \\
    --camera-user admin                                 ask for the passwords only; use the more suitable of two streams
  ${CAMERA_PASSWORD}=… sabrewing init --broker broker.local --discover --camera-user admin
                                                        add every ONVIF camera on the network without questions
  sabrewing init --from frigate.yml -o sabrewing.yml    convert a configuration of Frigate

The command asks for passwords on a terminal, or reads them from ${BROKER_PASSWORD} and ${CAMERA_PASSWORD}.
A password may contain any character except control characters. Every user of this machine can see a password that is part
of an address (ps). There, percent-encode it: ${ENCODING}.

The command tries the broker and the streams before it writes. On a terminal, you can change answers that do not work. Without a
terminal, it writes no file if the broker refuses the agent, and keeps cameras that do not work.

The command writes the configuration and, in the same folder, ${SECRETS_FILE} with the passwords, which only its owner can read.
It overwrites existing files only with --force, or if the file is the unchanged configuration from the package.`;

const repeated = (value: string, before: readonly string[]) => [...before, value];

/** `sabrewing init`: writes a first configuration from answers or flags. */
export function initCommand(): Command {
  return new Command("init")
    .description(
      "writes a first configuration: finds cameras, tries their streams and chooses the most suitable stream of each, or converts Frigate's configuration",
    )
    .option("--from <file>", "convert a configuration of Frigate (0.14 to 0.18); asks no questions")
    .option("--keep-thresholds", "with --from: keep min_score and threshold of Frigate's detector", false)
    .option("--broker <address>", "MQTT broker: [mqtt[s]://][user[:password]@]host[:port]")
    .option(
      "--broker-user <name>",
      `user at the broker; the password comes from $${BROKER_PASSWORD} or a prompt`,
    )
    .option(
      "--camera <name=address>",
      "camera and its rtsp:// URL; repeat it with the same name to offer several streams",
      repeated,
      [],
    )
    .option("--discover", "add every ONVIF camera on the network", false)
    .option(
      "--camera-user <name>",
      `user for discovered cameras and addresses without a user; the password comes from $${CAMERA_PASSWORD} or a prompt`,
    )
    .option(
      "--model <file>",
      "detector module",
      firstModel(programFolder(), [".", sabrewingHome(process.env)]),
    )
    .option("--track <labels>", "labels to track, separated by commas", USUAL_LABELS)
    .option("--home-assistant", "announce the cameras to Home Assistant", false)
    .option("--snapshots", "publish a JPEG of each object", false)
    .option("--view", "enable the live view, with a token in secrets.env", false)
    .option("--no-probe", "do not try the broker and the streams")
    .option("-o, --output <file>", "configuration file to write", firstConfigFile())
    .option("--force", "overwrite existing files", false)
    .option("-y, --yes", "do not ask questions", false)
    .option("--json", "print the result as JSON; do not ask questions", false)
    .addHelpText("after", EXAMPLES)
    .action(init);
}

async function init(options: InitOptions): Promise<void> {
  using interrupted = untilInterrupted();
  const secretsFile = join(dirname(options.output), SECRETS_FILE);
  const mayReplace = (file: string) => options.force || isStarter(file, programFolder());
  const target = { output: options.output, secretsFile, mayReplace };
  requireFree(target);
  const note = (line: string) => {
    if (!interrupted.signal.aborted) process.stderr.write(printed(line));
  };
  const write = (files: FirstFiles) => writeFiles(files, target);
  if (options.from !== undefined) {
    const steps = { signal: interrupted.signal, note, write, tell: tellWritten };
    return initFromFrigate(options.from, options, steps);
  }
  try {
    const answers = await answersTo(options, note, interrupted.signal);
    if (interrupted.signal.aborted) return;
    tellWritten(options, answers, write(firstConfig(answers)));
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    note("No file was written.");
    process.exitCode = EXIT.interrupted;
  }
}

function tellWritten(
  { output, json, model }: InitOptions,
  { cameras, viewToken }: Written,
  secrets: string | undefined,
  remarks?: readonly Remark[],
): void {
  if (json) {
    const shown = cameras.map(({ name, size }) => ({ name, size }));
    process.stdout.write(printed(plainJson({ config: output, secrets, cameras: shown, remarks })));
    return;
  }
  const pull = existsSync(chooseModule(model).path) ? "" : `  sabrewing pull yolov5n -o ${model}\n`;
  const secretsNote = secrets === undefined ? "" : ` and ${secrets} (passwords; keep it private)`;
  const isService = isOfService(output);
  const check = isService ? "sudo sabrewing check" : `sabrewing check -c ${output}`;
  const view =
    viewToken === undefined
      ? ""
      : `\nThe live view is at http://127.0.0.1:${VIEW_PORT}; its token is SABREWING_VIEW_TOKEN in ${secrets}.${isService ? ` ${allowPort(VIEW_PORT)}` : ""}`;
  const next = `${pull}  ${check}\n  ${startCommand(output)}${view}`;
  process.stdout.write(printed(`wrote ${output}${secretsNote}. Next, run:\n${next}`));
}
