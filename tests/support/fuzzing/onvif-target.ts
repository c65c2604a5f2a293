import { withLogin } from "../../../agent/base/address.ts";
import { TransientError } from "../../../agent/base/errors.ts";
import { onvifStreams, readAnswer, streamAt } from "../../../agent/camera/onvif.ts";
import { firstConfig } from "../../../agent/commands/init/first-config.ts";
import { cameraName } from "../../../agent/commands/init/flags.ts";
import { readEnvironmentFile } from "../../../agent/config/environment-file.ts";
import { parseConfig } from "../../../agent/config/load.ts";
import { startOnvifCamera } from "../camera/onvif-camera.ts";
import { mutatedBytes } from "./mutate-bytes.ts";
import { mutatedTree } from "./mutate-tree.ts";
import type { FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const HOST = "127.0.0.1";
const LOGIN = { user: "admin", password: "p/ss'\"word" };
const SECRET = "s3cret-of-the-broker";
const WORDS = wordsOf(
  ...[
    "{SABREWING_MQTT_PASSWORD}",
    "%7BSABREWING_MQTT_PASSWORD%7D",
    "rtsp://",
    "@evil.example/",
    "user:password@",
  ],
  ...[
    "\u001b]0;pwn\u0007",
    "\u009b31m",
    "\u202e",
    "\n  - path: x",
    '"',
    "'",
    "#",
    "?",
    "\\",
    "%",
    "%zz",
    "&#27;",
  ],
  ...[
    "<s:Fault>",
    "</s:Body>",
    "]]>",
    "<![CDATA[",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "&b;",
    "xmlns",
    "xmlns:a=",
  ],
  ...[
    "<a>".repeat(3_000),
    "xmlns".repeat(3_000),
    "__proto__",
    "<__proto__/>",
    "<constructor/>",
    "true",
    "1e999",
  ],
);

interface Words {
  readonly answer: unknown;
  readonly uri: string;
}

/** What an ONVIF camera says of itself, on its way into a configuration: mutants of its answer and of its stream's address. */
export function onvifWordsTarget(): FuzzTarget {
  const answer = {
    probeMatches: {
      probeMatch: {
        endpointReference: { address: "urn:uuid:1" },
        XAddrs: `http://${HOST}/onvif/device_service http://[fe80::1]/onvif/device_service`,
        scopes: "onvif://www.onvif.org/type/video onvif://www.onvif.org/name/Front%20Door_1",
      },
    },
  };
  const uri = `rtsp://${HOST}:554/Streaming/Channels/101?transportmode=unicast&profile=Profile_1`;
  return {
    make(random): Words {
      const text = (value: string) =>
        new TextDecoder().decode(mutatedBytes(new TextEncoder().encode(value), random, WORDS));
      if (random() < 0.3) return { answer: mutatedTree(answer, random), uri: text(uri) };
      const { endpointReference, XAddrs, scopes } = answer.probeMatches.probeMatch;
      const probeMatch = { endpointReference, XAddrs: text(XAddrs), scopes: text(scopes) };
      return { answer: { probeMatches: { probeMatch } }, uri: text(uri) };
    },
    feed(words) {
      const { answer, uri } = words as Words;
      const found = readAnswer({ answer, from: HOST });
      const streams = streamAt(uri, HOST);
      for (const { id, name, service } of found) {
        for (const shown of [id, name, service]) requirePlain(shown);
        if (new URL(service).hostname !== HOST) throw new Error(`a service elsewhere: ${service}`);
      }
      for (const stream of streams) requireStored(cameraName(found[0]?.name ?? "", []), stream);
      return found.length > 0 && streams.length > 0;
    },
  };
}

function requirePlain(text: string): void {
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(text) || text.length > 1000)
    throw new Error(`not plain: ${JSON.stringify(text)}`);
}

/** The agent must read from the file what the camera has said, and nothing of its secrets. */
function requireStored(name: string, stream: string): void {
  const address = withLogin(stream, LOGIN);
  const { yaml, secrets } = firstConfig({
    broker: { host: "b", tls: false, user: "u", password: SECRET },
    model: "m.wasm",
    track: ["person"],
    homeAssistant: false,
    snapshots: false,
    viewToken: undefined,
    cameras: [{ name, address }],
  });
  const config = parseConfig(yaml, "sabrewing.yml", readEnvironmentFile(secrets).variables);
  const read = config.cameras[0]?.ffmpeg.inputs[0].path ?? "";
  if (read !== address) throw new Error(`stored ${JSON.stringify(address)}, read ${JSON.stringify(read)}`);
  if (read.includes(SECRET) || new URL(read).hostname !== HOST) throw new Error(`exfiltrated: ${read}`);
  if (yaml.includes(SECRET)) throw new Error("a secret in the YAML");
}

const ASK_WITHIN_MS = 1_500;

/** A camera on the network: mutants of everything that it answers to `init`, by HTTP. */
export async function onvifCameraTarget(): Promise<FuzzTarget> {
  let mutate = (honest: string): string | Uint8Array => honest;
  const server = await startOnvifCamera({ answer: (honest) => mutate(honest) });
  return {
    make(random) {
      // Requests come in any order: each takes the next of the same numbers.
      const numbers = Array.from({ length: 4_000 }, random);
      const rate = random();
      return () => {
        let next = 0;
        const repeated = () => numbers[next++ % numbers.length] ?? 0;
        mutate = (honest) =>
          repeated() < Math.max(0.2, rate)
            ? mutatedBytes(new TextEncoder().encode(honest), repeated, WORDS)
            : honest;
      };
    },
    async feed(arm) {
      (arm as () => void)();
      const camera = { id: "urn:1", name: "Door", service: `${server.url}/onvif/device_service` };
      try {
        const streams = await onvifStreams(camera, LOGIN, ASK_WITHIN_MS);
        for (const stream of streams) requireStored("door", stream);
        return streams.length > 0;
      } catch (error) {
        if (!(error instanceof TransientError) || error.remedy === "") throw error;
        requirePlain(error.message);
        return false;
      }
    },
    close: () => void server[Symbol.asyncDispose](),
  };
}
