import { confirm, multiselect, password, text } from "@clack/prompts";
import { type FoundCamera, findOnvifCameras, type Login, onvifStreams, withLogin } from "../camera/onvif.ts";
import type { FirstAnswers } from "./first-config.ts";
import { cameraName, readBroker, type WantedCamera } from "./init-flags.ts";

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
  const user = await answer(
    text({ message: "User at the broker (empty: it lets everybody in)", defaultValue: "" }),
  );
  if (user === "") return readBroker(host);
  const secret = await answer(password({ message: `Password of ${user}` }));
  return { ...readBroker(host), user, password: secret };
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
        validate: (given) =>
          /^rtsps?:\/\/\S+$/.test(given ?? "") ? undefined : "It starts with rtsp:// or rtsps://",
      }),
    );
    const login = /\/\/[^/]*@/.test(address) ? undefined : await askLogin("this camera");
    const called = await answer(text({ message: "What to call it", defaultValue: "camera" }));
    const name = cameraName(
      called,
      cameras.map((camera) => camera.name),
    );
    cameras.push({ name, addresses: [withLogin(address, login)] });
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

/** The streams of cameras that were found; one that refuses is told of and left out. */
export async function onvifCameras(
  found: readonly FoundCamera[],
  login: Login | undefined,
  note: (line: string) => void,
): Promise<readonly WantedCamera[]> {
  const cameras: WantedCamera[] = [];
  for (const camera of found) {
    try {
      const name = cameraName(
        camera.name,
        cameras.map((known) => known.name),
      );
      cameras.push({ name, addresses: await onvifStreams(camera, login) });
    } catch (error) {
      note(error instanceof Error ? error.message : String(error));
    }
  }
  return cameras;
}

/** Whether Home Assistant is to know. @throws Cancelled */
export function askHomeAssistant(): Promise<boolean> {
  return answer(confirm({ message: "Announce the cameras to Home Assistant?", initialValue: false }));
}

async function askLogin(whose: string): Promise<Login | undefined> {
  const user = await answer(text({ message: `User of ${whose} (empty: none)`, defaultValue: "" }));
  if (user === "") return undefined;
  return { user, password: await answer(password({ message: `Password of ${user}` })) };
}

async function answer<Value>(question: Promise<Value>): Promise<Exclude<Value, symbol>> {
  const given = await question;
  if (typeof given === "symbol") throw new Cancelled("cancelled");
  return given as Exclude<Value, symbol>;
}

function complaint(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
