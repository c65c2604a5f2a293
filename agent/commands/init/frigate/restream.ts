import { decodedPart } from "../../../base/address.ts";
import type { Mapping } from "../../../base/mapping.ts";
import { type Rotation, rotationOf } from "../../../base/rotation.ts";
import { rotationIn } from "./rotation.ts";
import { mappingOf, namesOf, textOf } from "./values.ts";
import { beginsWithVariable } from "./variables.ts";

/** A source of go2rtc, or the reason why there is none that Sabrewing can read. */
export type Source = ReadableSource | { readonly reason: string };

export interface ReadableSource {
  readonly address: string;
  /** By go2rtc; undefined: it also mirrors the frames. */
  readonly rotation: Rotation | undefined;
}

const DEFAULT_PORT = 8554;
/** Hosts under which Frigate reaches its own go2rtc: this machine, its container, its add-on of Home Assistant. */
const OWN_HOST = /^(?:localhost|127(?:\.\d+){3}|\[::1\]|0\.0\.0\.0|frigate|ccab4aaf[_-]frigate.*)$/i;

/**
 * Replaces the address of a stream that Frigate's go2rtc restreams by that of the camera. Other addresses are unchanged.
 * @param go2rtc the section of Frigate's configuration
 */
export function withoutRestream(address: string, go2rtc: unknown): Source {
  const name = restreamName(address, mappingOf(go2rtc));
  if (name === undefined) return { address, rotation: 0 };
  return sourceOf(name, mappingOf(go2rtc), []);
}

/** The stream that an address asks Frigate's go2rtc for. */
function restreamName(address: string, go2rtc: Mapping): string | undefined {
  const [, host = "", port, path = ""] =
    /^rtsp:\/\/(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:@]*)(?::(\d+))?\/([^?#]*)/i.exec(address) ?? [];
  const listen = /:(\d+)$/.exec(textOf(mappingOf(go2rtc.rtsp).listen) ?? "")?.[1];
  if (!OWN_HOST.test(host) || Number(port ?? 554) !== Number(listen ?? DEFAULT_PORT)) return undefined;
  return decodedPart(path.replace(/\/$/, ""));
}

/** @param visited streams that led here */
function sourceOf(name: string, go2rtc: Mapping, visited: readonly string[]): Source {
  const streams = mappingOf(go2rtc.streams);
  if (!Object.hasOwn(streams, name)) return { reason: `go2rtc has no stream "${name}"` };
  if (visited.includes(name)) return { reason: `the stream "${name}" of go2rtc leads back to itself` };
  const written = streams[name];
  const sources = typeof written === "string" ? [written] : (namesOfList(written) ?? []);
  const found = sources.map((source): Source => {
    const [plain = "", ...parameters] = source.replace(/^ffmpeg:/i, "").split("#");
    const isRtsp = /^rtsp[sx]?:\/\//i.test(plain) || beginsWithVariable(plain);
    const next = isRtsp ? restreamName(plain, go2rtc) : Object.hasOwn(streams, plain) ? plain : undefined;
    const rotation = rotationBy(parameters);
    if (next !== undefined) return rotated(sourceOf(next, go2rtc, [...visited, name]), rotation);
    if (isRtsp) return { address: plain, rotation };
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(plain)?.[1];
    return {
      reason: `the source of the stream "${name}" of go2rtc is not RTSP, but ${scheme ?? "something else"}`,
    };
  });
  const readable = found.find((source) => "address" in source);
  return readable ?? found[0] ?? { reason: `the stream "${name}" of go2rtc has no source` };
}

/** The rotation by the parameters of a source: `rotate=90`, or `raw=-vf transpose=1`. */
function rotationBy(parameters: readonly string[]): Rotation | undefined {
  const parameter = (name: string) =>
    parameters.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1);
  const degrees = Number(parameter("rotate") ?? 0);
  const raw = rotationIn(parameter("raw") ?? "");
  return raw === undefined ? undefined : rotationOf(degrees + raw);
}

function rotated(source: Source, rotation: Rotation | undefined): Source {
  if (!("address" in source)) return source;
  const isMirrored = source.rotation === undefined || rotation === undefined;
  return { ...source, rotation: isMirrored ? undefined : rotationOf(source.rotation + rotation) };
}

/** Only a text is split at commas: the address of a source may contain some. */
function namesOfList(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? namesOf(value) : undefined;
}
