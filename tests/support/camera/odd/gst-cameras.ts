import { fileURLToPath } from "node:url";
import { lineFrom, startChild } from "../../../../scripts/demonstration/child.ts";

const SERVER = fileURLToPath(new URL("gst-cameras.py", import.meta.url));
const STARTS_WITHIN_MS = 30_000;

/** A camera of GStreamer's RTSP server. The login is admin with the password secret. */
export interface GstCamera {
  /** The pipeline from its sources to its payloaders `pay0`, `pay1` …, in the syntax of gst-launch-1.0(1). */
  readonly launch: string;
  /** The only transport that it offers. Default: all. */
  readonly transport?: "udp" | "tcp";
  readonly login?: "digest" | "basic";
  /** Default: 127.0.0.1. */
  readonly address?: string;
}

/** Cameras in one process, each on its own port. */
export interface GstCameras<Name extends string> extends AsyncDisposable {
  port(name: Name): number;
  /** rtsp://127.0.0.1:PORT/cam */
  address(name: Name): string;
}

/** Starts real RTSP servers. */
export async function startGstCameras<Name extends string>(
  cameras: Readonly<Record<Name, GstCamera>>,
): Promise<GstCameras<Name>> {
  const list = Object.entries<GstCamera>(cameras).map(([name, camera]) => ({ name, ...camera }));
  const { child, match } = await lineFrom(
    (onLine) =>
      startChild("the RTSP servers", ["/usr/bin/python3", SERVER, JSON.stringify(list)], { onLine }),
    /^\{.*\}$/,
    STARTS_WITHIN_MS,
  );
  const ports = JSON.parse(match[0]) as Readonly<Record<Name, number>>;
  return {
    port: (name) => ports[name],
    address: (name) => `rtsp://127.0.0.1:${ports[name]}/cam`,
    [Symbol.asyncDispose]: () => child.stop(),
  };
}
