import { confirm, multiselect, password, text } from "@clack/prompts";
import { TransientError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import { type Login, splitAddress, withLogin } from "../../camera/address.ts";
import { type FoundCamera, findOnvifCameras, onvifStreams } from "../../camera/onvif.ts";
import type { FirstAnswers } from "./first-config.ts";
import { addressProblem, cameraName, readBroker, userAlone, type WantedCamera } from "./flags.ts";

/** Somebody has had enough of questions. */
export class Cancelled extends Error {}

const SEARCH_MS = 4_000;

/** Asks for the broker, unless the flags say it. @throws Cancelled */
export async function askBroker(): Promise<FirstAnswers["broker"]> {
  const host = await answer(
    text({
      message: "The MQTT broker: host, host:port, or mqtts://host for TLS",
      placeholder: "broker.local",
      validate: (given) => complaint(() => readBroker(given ?? "")),
    }),
  );
  const broker = readBroker(host);
  if (broker.user !== undefined && broker.password !== undefined) return broker;
  const user =
    broker.user ??
    (await answer(text({ message: "User at the broker (empty: it lets everybody in)", defaultValue: "" })));
  return user === "" ? broker : { ...broker, user, password: await askPassword(user) };
}

/** Looks for cameras and lets somebody choose; then asks for those that were not found. @throws Cancelled */
export async function askCameras(note: (line: string) => void): Promise<readonly WantedCamera[]> {
  const cameras: WantedCamera[] = [];
  if (await answer(confirm({ message: "Look for ONVIF cameras on the network?" }))) {
    const found = await findOnvifCameras(SEARCH_MS);
    if (found.length === 0)
      note("No camera has answered. Many have ONVIF switched off; type the address instead.");
    else cameras.push(...(await chooseFound(found, note)));
  }
  while (
    cameras.length === 0 ||
    (await answer(confirm({ message: "Another camera?", initialValue: false })))
  ) {
    const address = await answer(
      text({
        message: "Address of the camera's stream, best its substream",
        placeholder: "rtsp://10.0.0.7/stream2",
        validate(given) {
          const problem = addressProblem(given ?? "");
          return problem && `Expected ${problem}; user and password are asked for next`;
        },
      }),
    );
    const complete = await withAskedLogin(address);
    const called = await answer(text({ message: "What to call it", defaultValue: "camera" }));
    const name = cameraName(
      called,
      cameras.map((camera) => camera.name),
    );
    cameras.push({ name, addresses: [complete] });
  }
  return cameras;
}

async function chooseFound(
  found: readonly FoundCamera[],
  note: (line: string) => void,
): Promise<readonly WantedCamera[]> {
  const chosen = await answer(
    multiselect({
      message: "Which of these?",
      options: found.map((camera) => ({ value: camera, label: camera.name, hint: camera.service })),
      required: false,
    }),
  );
  const login = chosen.length === 0 ? undefined : await askLogin("these cameras");
  return onvifCameras(chosen, login, note);
}

/**
 * The streams of cameras that were found; one that refuses is told of and left out.
 * @param taken names of other cameras
 */
export async function onvifCameras(
  found: readonly FoundCamera[],
  login: Login | undefined,
  note: (line: string) => void,
  taken: readonly string[] = [],
): Promise<readonly WantedCamera[]> {
  const cameras: WantedCamera[] = [];
  for (const camera of found) {
    try {
      const name = cameraName(camera.name, [...taken, ...cameras.map((known) => known.name)]);
      cameras.push({ name, addresses: await onvifStreams(camera, login) });
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      note(`${error.message}\n  → ${error.remedy}`);
    }
  }
  return cameras;
}

/** Whether Home Assistant is to know. @throws Cancelled */
export function askHomeAssistant(): Promise<boolean> {
  return answer(confirm({ message: "Announce the cameras to Home Assistant?", initialValue: false }));
}

/** The address of a camera with a login, which is asked for as far as the address has none. @throws Cancelled */
async function withAskedLogin(address: string): Promise<string> {
  const user = userAlone(address);
  if (user !== undefined) return withLogin(address, { user, password: await askPassword(user) });
  const hasLogin = splitAddress(address)?.user !== undefined;
  return hasLogin ? address : withLogin(address, await askLogin("this camera"));
}

/** Asks for the password of a user, which nobody sees as it is typed. @throws Cancelled */
export function askPassword(user: string): Promise<string> {
  const validate = (given: string | undefined) =>
    /\p{Cc}/u.test(given ?? "") ? "A password with control characters cannot be kept" : undefined;
  return answer(password({ message: `Password of ${plainText(user)}`, validate }));
}

async function askLogin(whose: string): Promise<Login | undefined> {
  const user = await answer(text({ message: `User of ${whose} (empty: none)`, defaultValue: "" }));
  if (user === "") return undefined;
  return { user, password: await askPassword(user) };
}

async function answer<Value>(question: Promise<Value>): Promise<Exclude<Value, symbol>> {
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
