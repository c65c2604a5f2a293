import sharp from "sharp";
import { startFedFfmpeg } from "../../agent/camera/ffmpeg.ts";

/** The street is drawn, so its frames may be published. */
const SIZE = { width: 960, height: 540 };
const FPS = 10;
/** In this time both people cross the frame, so that the loop has no jump. */
const SECONDS = 32;
/** When they stand and talk, in seconds: then even late boxes of a busy machine fit. */
const TALK = { from: 6, to: 22 };
const SIDEWALK = { near: 364, far: 346 };

interface Walker {
  /** Position of the feet, pixels. */
  readonly x: number;
  readonly y: number;
  /** Pixels. */
  readonly height: number;
  readonly coat: string;
  readonly sleeve: string;
  /** Phase of the steps, radians. */
  readonly phase: number;
  /** 1: to the right, -1: to the left. */
  readonly heads: 1 | -1;
}

/**
 * Draws the street with two people who walk past each other and a parked car.
 * @param file the MP4 to write: H.264, 960×540, 10 frames a second, 32 s
 * @throws Error with ffmpeg's output when encoding fails
 */
export async function filmDrawnStreet(file: string, signal: AbortSignal): Promise<void> {
  const raw = [
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgb24",
    "-s",
    `${SIZE.width}x${SIZE.height}`,
    "-r",
    String(FPS),
  ];
  const coded = ["-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-g", String(FPS)];
  const args = ["-v", "error", "-y", ...raw, "-i", "pipe:0", ...coded, file];
  await using encoder = startFedFfmpeg("ffmpeg", args, signal);
  for (let frame = 0; frame < SECONDS * FPS; frame++) {
    const drawn = sharp(Buffer.from(drawStreet(frame / FPS))).removeAlpha();
    encoder.input.write(await drawn.raw().toBuffer());
  }
  encoder.input.end();
  const { code, errorLines } = await encoder.ended;
  if (code !== 0) throw new Error(`ffmpeg cannot encode the street: ${errorLines.join(" ")}`);
}

/** The street as SVG at a second of the clip. */
export function drawStreet(seconds: number): string {
  /** Walks from `start` to `meet`, where they talk, and on to `end`. */
  const walk = (start: number, meet: number, end: number) => {
    const before = start + ((meet - start) * seconds) / TALK.from;
    const after = meet + ((end - meet) * (seconds - TALK.to)) / (SECONDS - TALK.to);
    const x = seconds < TALK.from ? before : seconds > TALK.to ? after : meet;
    return { x, phase: (x - meet) / 13 + 1.2, heads: end > start ? 1 : -1 } as const;
  };
  const walkers: readonly Walker[] = [
    { ...walk(1010, 405, -60), y: SIDEWALK.far, height: 152, coat: "#d0792c", sleeve: "#a9601f" },
    { ...walk(-60, 285, 1030), y: SIDEWALK.near, height: 164, coat: "#2f6f9e", sleeve: "#27597f" },
  ];
  const { width, height } = SIZE;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${[
    drawHouses(),
    drawRoad(),
    ...walkers.map(drawWalker),
    drawCar(620, 430, 1.35, "#b3282d"),
  ].join("")}</svg>`;
}

function drawHouses(): string {
  const house = (x: number, y: number, width: number, fill: string) =>
    `<rect x="${x}" y="${y}" width="${width}" height="${300 - y}" fill="${fill}"/>`;
  const rows = (xs: readonly number[], ys: readonly number[]) =>
    ys.flatMap((y) =>
      xs.map(
        (x) =>
          `<rect x="${x}" y="${y}" width="52" height="52" fill="#ece7dc"/><rect x="${x + 4}" y="${y + 4}" width="44" height="44" fill="#46555f"/>`,
      ),
    );
  return [
    `<linearGradient id="sky" x2="0" y2="1"><stop stop-color="#9cc3e6"/><stop offset="1" stop-color="#e6eef3"/></linearGradient>`,
    `<rect width="960" height="300" fill="url(#sky)"/>`,
    house(0, 60, 330, "#b98e72"),
    house(330, 30, 300, "#cfc6b4"),
    house(630, 80, 330, "#a9b4ba"),
    ...rows([40, 130, 220], [90, 170]),
    ...rows([360, 450, 540], [60, 135, 210]),
    ...rows([800, 875], [120]),
    `<rect x="690" y="180" width="70" height="118" fill="#5b4433"/><rect x="697" y="188" width="56" height="40" fill="#8aa0ab"/>`,
  ].join("");
}

function drawRoad(): string {
  const dashes = Array.from(
    { length: 9 },
    (_, dash) => `<rect x="${dash * 120 - 20}" y="462" width="64" height="6" fill="#e8e6dc"/>`,
  );
  return [
    `<rect y="295" width="960" height="75" fill="#b9b6ae"/><rect y="368" width="960" height="6" fill="#8d8a83"/>`,
    `<rect y="374" width="960" height="166" fill="#64676c"/>`,
    ...dashes,
  ].join("");
}

/** @param y position of the road under it */
function drawCar(x: number, y: number, scale: number, paint: string): string {
  const wheel = (cx: number) =>
    `<circle cx="${cx}" cy="-12" r="17" fill="#151619"/><circle cx="${cx}" cy="-12" r="10.5" fill="#9aa2ab"/><circle cx="${cx}" cy="-12" r="4" fill="#3c4148"/>`;
  return [
    `<g transform="translate(${x},${y}) scale(${scale})"><ellipse cx="100" cy="2" rx="104" ry="8" opacity=".35"/>`,
    `<path d="M4 -12q-4 -22 8 -30l34 -8q20 -26 44 -29l34 0q22 1 42 28l22 7q10 5 9 32z" fill="${paint}"/>`,
    `<path d="M4 -12q-2 -10 0 -14l193 0q1 8 0 14z" opacity=".22"/>`,
    `<path d="M56 -50q14 -20 32 -23l10 0 0 23zM104 -73l18 0q16 1 30 23l-48 0z" fill="#27323f"/>`,
    `<path d="M100 -74l2 62" stroke="#000" stroke-opacity=".3" stroke-width="1.6"/>`,
    `<path d="M186 -40l9 2 1 9 -9 -1z" fill="#fff3c4"/><path d="M5 -38l7 -2 0 9 -8 1z" fill="#c22"/>`,
    `${wheel(44)}${wheel(156)}</g>`,
  ].join("");
}

function drawWalker({ x, y, height, coat, sleeve, phase, heads }: Walker): string {
  const scale = height / 100;
  const swing = Math.sin(phase) * 22;
  const leg = (to: number, colour: string) =>
    `<path d="M-1 -48L${to * 0.55} -25L${to * 0.9} -4" stroke="${colour}" stroke-width="9.5"/><path d="M${to * 0.9 - 2} -2.5l8 0" stroke="#1b1b1f" stroke-width="5.5"/>`;
  const arm = (to: number, colour: string) =>
    `<path d="M0 -76L${to * 0.35} -60L${to * 0.6 + 3} -48" stroke="${colour}" stroke-width="6.7"/><circle cx="${to * 0.6 + 3.6}" cy="-46" r="3" fill="#d9a784"/>`;
  return [
    `<g transform="translate(${x},${y}) scale(${heads * scale},${scale})"><ellipse rx="20" ry="3.5" opacity=".28"/>`,
    `<g stroke-linecap="round" fill="none">${leg(-swing, "#2a3142")}${leg(swing, "#35405a")}${arm(-swing - 5, sleeve)}</g>`,
    `<path d="M-10 -78q10 -7 19 0l2 15 -1 18q-10 4 -20 0l-1 -18z" fill="${coat}"/>`,
    `<g stroke-linecap="round" fill="none">${arm(swing + 5, coat)}</g>`,
    `<rect x="-3.5" y="-86" width="7" height="8" fill="#c58f6d"/><ellipse cx=".5" cy="-91" rx="6.8" ry="8.2" fill="#dba986"/>`,
    `<path d="M-6.8 -91q0 -9.5 7.5 -9.3q6.8 .4 6.4 6.5q-3.5 -3.5 -7 -3q-1.5 6 -3.5 8q-3 1 -3.4 -2.2z" fill="#3a2a20"/></g>`,
  ].join("");
}
