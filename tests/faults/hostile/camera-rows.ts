import * as attacks from "../../support/camera/hostile-camera.ts";
import { startRtspCamera } from "../../support/camera/rtsp-camera.ts";
import { giantClip, honestClip, smallClip } from "./clips.ts";

/** What a row's camera is made with. */
export interface Scene {
  /** For clips. */
  readonly folder: string;
  /** Where the camera listens; until it is started, connections there are closed at once. */
  readonly port: number;
  /** Another host's server: whatever reaches it is a breach. */
  readonly other: number;
}

/** Cameras of our own count who comes. */
type AttackingCamera = AsyncDisposable & Partial<Pick<attacks.HostileCamera, "connections">>;

export interface HostileRow {
  readonly fault: string;
  start(scene: Scene): Promise<AttackingCamera>;
  /** What the log says of the camera; undefined: what it says of any camera that does not answer. */
  readonly says?: RegExp;
}

const hostile = (misbehave: attacks.Misbehaviour, description?: string) => (scene: Scene) =>
  attacks.startHostileCamera(misbehave, {
    port: scene.port,
    ...(description === undefined ? {} : { description }),
  });
const describing = (misbehave: attacks.Misbehaviour) => hostile(attacks.on("DESCRIBE", misbehave));
const redirecting = (method: string, location: (other: number) => string) => (scene: Scene) =>
  hostile(attacks.on(method, attacks.redirect(location(scene.other))))(scene);
const TOO_LARGE = /frames are too large: .*16000×16000/;
const ELSEWHERE = /redirects to another address/;

/** What each camera does, and what the log says of it. */
export const HOSTILE_ROWS: readonly HostileRow[] = [
  { fault: "headers", start: describing(attacks.endlessHeaders), says: /header of more than 16 kB/ },
  { fault: "longheader", start: describing(attacks.endlessHeader), says: /header of more than 16 kB/ },
  { fault: "bigsdp", start: describing(attacks.endlessDescription), says: /description of more than 256 kB/ },
  {
    fault: "manymedia",
    start: describing(attacks.manyStreams(200_000)),
    says: /description of more than 256 kB/,
  },
  {
    fault: "manymedia in few bytes",
    start: describing(attacks.manyStreams(3_000)),
    says: /describes 3000 streams/,
  },
  { fault: "redirfile", start: redirecting("DESCRIBE", () => "file:///etc/passwd"), says: ELSEWHERE },
  {
    fault: "redirhttp",
    start: redirecting("DESCRIBE", (port) => `http://127.0.0.1:${port}/secret`),
    says: ELSEWHERE,
  },
  {
    fault: "redirrtsp",
    start: redirecting("DESCRIBE", (port) => `rtsp://127.0.0.1:${port}/other`),
    says: ELSEWHERE,
  },
  { fault: "redirconcat", start: redirecting("DESCRIBE", () => "concat:/etc/passwd"), says: ELSEWHERE },
  { fault: "redirtcp", start: redirecting("DESCRIBE", (port) => `tcp://127.0.0.1:${port}`), says: ELSEWHERE },
  {
    fault: "redirect of OPTIONS",
    start: redirecting("OPTIONS", (port) => `rtsp://127.0.0.1:${port}/`),
    says: ELSEWHERE,
  },
  {
    fault: "redirect of SETUP",
    start: redirecting("SETUP", (port) => `rtsp://127.0.0.1:${port}/`),
    says: ELSEWHERE,
  },
  {
    fault: "redirect of PLAY",
    start: redirecting("PLAY", (port) => `rtsp://127.0.0.1:${port}/`),
    says: ELSEWHERE,
  },
  {
    fault: "request to redirect",
    start: async (scene) =>
      hostile(attacks.on("PLAY", attacks.askRedirect(`rtsp://127.0.0.1:${scene.other}/`)))(scene),
    says: ELSEWHERE,
  },
  { fault: "esc", start: describing(attacks.escapes), says: /has no such stream/ },
  { fault: "silent", start: describing(attacks.silence) },
  { fault: "stray replies", start: describing(attacks.endlessStrayReplies), says: /sends other messages/ },
  {
    fault: "junk",
    start: hostile(attacks.on("PLAY", attacks.junkPackets)),
  },
  {
    fault: "rtpfrag",
    start: hostile(attacks.on("PLAY", attacks.endlessFragments)),
  },
  { fault: "basic", start: hostile(attacks.askBasic) },
  {
    fault: "giant clip",
    start: async ({ folder, port }) => startRtspCamera({ clip: giantClip(folder), port }),
    says: TOO_LARGE,
  },
  {
    fault: "giant clip, size not announced",
    start: async (scene) =>
      hostile(attacks.on("PLAY", attacks.play(giantClip(scene.folder))), attacks.SIZELESS)(scene),
    says: TOO_LARGE,
  },
  {
    fault: "giant clip, another size announced",
    start: async (scene) =>
      hostile(attacks.on("PLAY", attacks.playWithFalseSize(giantClip(scene.folder))))(scene),
    says: /larger than 8.9\d* megapixels/,
  },
  {
    fault: "clip that becomes a giant",
    start: async (scene) => {
      const clips = [smallClip(scene.folder), giantClip(scene.folder)];
      return hostile(attacks.on("PLAY", attacks.play(...clips)))(scene);
    },
    says: TOO_LARGE,
  },
];

/** Cameras of 4K that mean no harm pass every limit. */
export const HONEST_ROWS = (["h264", "h265"] as const).map((codec) => ({
  fault: `honest 4K camera (${codec})`,
  start: async ({ folder, port }: Scene) => startRtspCamera({ clip: honestClip(folder, codec), codec, port }),
}));
