import { autocompleteMultiselect, confirm, multiselect, password, text } from "@clack/prompts";
import { type Login, splitAddress, withLogin, withLowerCaseScheme } from "../../base/address.ts";
import { streamAddressMistake } from "../../base/address-mistake.ts";
import { TransientError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import { type FoundCamera, findOnvifCameras, onvifStreams } from "../../camera/onvif.ts";
import type { FirstAnswers } from "./first-config.ts";
import { type CameraStreams, cameraName, readBroker, userAlone } from "./flags.ts";

/** The user cancelled the questions. */
export class Cancelled extends Error {}

const SEARCH_MS = 4_000;

/** Asks for the broker and its login. @throws Cancelled */
export async function askBroker(): Promise<FirstAnswers["broker"]> {
  const host = await answer(
    text({
      message: "MQTT broker: host, host:port, or mqtts://host for TLS",
      placeholder: "broker.local",
      validate: (given) => complaint(() => readBroker(given ?? "")),
    }),
  );
  const broker = readBroker(host);
  if (broker.user !== undefined && broker.password !== undefined) return broker;
  const user =
    broker.user ??
    (await answer(text({ message: "User name for the broker (empty: no login)", defaultValue: "" })));
  return user === "" ? broker : { ...broker, user, password: await askPassword(user) };
}

/** Searches for cameras, lets the user choose, then asks for further cameras. @throws Cancelled */
export async function askCameras(note: (line: string) => void): Promise<readonly CameraStreams[]> {
  const cameras: CameraStreams[] = [];
  if (await answer(confirm({ message: "Search for ONVIF cameras on the network?" }))) {
    const found = await findOnvifCameras(SEARCH_MS);
    if (found.length === 0)
      note("No camera answered. ONVIF is often switched off in the camera; enter the address instead.");
    else cameras.push(...(await chooseFound(found, note)));
  }
  while (
    cameras.length === 0 ||
    (await answer(confirm({ message: "Add another camera?", initialValue: false })))
  ) {
    const complete = await askAddress();
    const called = await answer(text({ message: "Name of the camera", defaultValue: "camera" }));
    const name = cameraName(
      called,
      cameras.map((camera) => camera.name),
    );
    cameras.push({ name, addresses: [complete] });
  }
  return cameras;
}

/** Asks for the address of a camera's stream and for the login that it does not contain. @throws Cancelled */
export async function askAddress(initialValue = ""): Promise<string> {
  const address = await answer(
    text({
      message: "Address of the camera's stream (preferably its substream)",
      placeholder: "rtsp://10.0.0.7/stream2",
      initialValue,
      validate(given) {
        const mistake = streamAddressMistake(given ?? "");
        if (mistake === undefined) return undefined;
        const { expected, remedy, isInLogin } = mistake;
        return `Expected ${expected}: ${isInLogin ? "user and password follow in the next questions" : remedy}`;
      },
    }),
  );
  return withAskedLogin(withLowerCaseScheme(address));
}

/** Lets the user choose from the found cameras, and asks for another login as long as some of them refuse it. */
async function chooseFound(
  found: readonly FoundCamera[],
  note: (line: string) => void,
): Promise<readonly CameraStreams[]> {
  const chosen = await answer(
    multiselect({
      message: "Which cameras should Sabrewing watch?",
      options: found.map((camera) => ({ value: camera, label: camera.name, hint: camera.service })),
      required: false,
    }),
  );
  const cameras: CameraStreams[] = [];
  for (let rest: readonly FoundCamera[] = chosen; rest.length > 0; ) {
    const login = await askLogin(rest.length === 1 ? "this camera" : "these cameras");
    const taken = cameras.map(({ name }) => name);
    const asked = await onvifCameras(rest, login, note, taken);
    cameras.push(...asked.cameras);
    rest = asked.failed;
    if (rest.length === 0) break;
    const names = rest.map(({ name }) => plainText(name)).join(", ");
    const message = `Enter another user and password for ${names}?`;
    if (!(await answer(confirm({ message })))) break;
  }
  return cameras;
}

/**
 * Reads the streams of the found cameras. A camera that refuses is reported.
 * @param taken names of other cameras
 */
export async function onvifCameras(
  found: readonly FoundCamera[],
  login: Login | undefined,
  note: (line: string) => void,
  taken: readonly string[] = [],
): Promise<{ readonly cameras: readonly CameraStreams[]; readonly failed: readonly FoundCamera[] }> {
  const cameras: CameraStreams[] = [];
  const failed: FoundCamera[] = [];
  for (const camera of found) {
    try {
      const name = cameraName(camera.name, [...taken, ...cameras.map((known) => known.name)]);
      cameras.push({ name, addresses: await onvifStreams(camera, login) });
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      note(`${error.message}\n  → ${error.remedy}`);
      failed.push(camera);
    }
  }
  return { cameras, failed };
}

/** Asks whether to announce the cameras to Home Assistant. @throws Cancelled */
export function askHomeAssistant(): Promise<boolean> {
  return answer(confirm({ message: "Announce the cameras to Home Assistant?", initialValue: false }));
}

/** Labels that most people want, listed first. */
const COMMON_LABELS = ["person", "car", "dog", "cat", "bicycle", "motorcycle", "bus", "truck", "bird"];

/** Asks for the labels to track. @param labels of the model @throws Cancelled */
export function askLabels(labels: readonly string[], initial: readonly string[]): Promise<string[]> {
  const common = COMMON_LABELS.filter((label) => labels.includes(label));
  const others = labels.filter((label) => !common.includes(label));
  return answer(
    autocompleteMultiselect({
      message: "Which objects should Sabrewing report? (type to search, Tab selects)",
      options: [...common, ...others].map((label) => ({ value: label, label: plainText(label) })),
      initialValues: initial.filter((label) => labels.includes(label)),
      maxItems: 10,
      required: true,
    }),
  );
}

/** Asks whether to publish snapshots. @throws Cancelled */
export function askSnapshots(): Promise<boolean> {
  const message = "Publish a JPEG of each object to the broker? (No: no image leaves this device)";
  return answer(confirm({ message, initialValue: false }));
}

/** Asks whether to enable the live view. @throws Cancelled */
export function askView(): Promise<boolean> {
  const message = "Enable the live view, a page on this machine that requires a token?";
  return answer(confirm({ message, initialValue: false }));
}

/** Completes the login of an address: asks for the missing parts. @throws Cancelled */
async function withAskedLogin(address: string): Promise<string> {
  const user = userAlone(address);
  if (user !== undefined) return withLogin(address, { user, password: await askPassword(user) });
  const hasLogin = splitAddress(address)?.user !== undefined;
  return hasLogin ? address : withLogin(address, await askLogin("this camera"));
}

/** Asks for the password of a user without showing it. @throws Cancelled */
export function askPassword(user: string): Promise<string> {
  const validate = (given: string | undefined) =>
    /\p{Cc}/u.test(given ?? "") ? "The password must not contain control characters" : undefined;
  return answer(password({ message: `Password of ${plainText(user)}`, validate }));
}

/** Asks for a user name and its password; undefined: no login. @throws Cancelled */
export async function askLogin(whose: string): Promise<Login | undefined> {
  const user = await answer(text({ message: `User name for ${whose} (empty: no login)`, defaultValue: "" }));
  if (user === "") return undefined;
  return { user, password: await askPassword(user) };
}

/** The answer to a question. @throws Cancelled */
export async function answer<Value>(question: Promise<Value>): Promise<Exclude<Value, symbol>> {
  const given = await question;
  if (typeof given === "symbol") throw new Cancelled("cancelled");
  return given as Exclude<Value, symbol>;
}

const LONGEST_COMPLAINT = 500;

function complaint(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return plainText(error instanceof Error ? error.message : String(error), LONGEST_COMPLAINT);
  }
}
