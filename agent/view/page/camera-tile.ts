import { element } from "./element.ts";
import { drawMoment, type Layer } from "./overlay.ts";
import { type Playing, playVideo } from "./play-video.ts";
import type { CameraHealth, CameraSetup, Sight } from "./protocol.ts";
import { advanceTrails, type Trails } from "./trails.ts";

/** One camera on the page. */
export interface CameraTile {
  readonly figure: HTMLElement;
  /** Plays, if it stands where somebody sees it: by itself it would begin only once the browser has drawn the page. */
  begin(): void;
  see(sight: Sight): void;
  hearHealth(health: CameraHealth): void;
  /** After the layers were changed. */
  draw(): void;
  /** For good. */
  remove(): void;
}

/** Boxes this old are of a picture that is long gone. */
const STALE_MS = 2_500;
/** A camera may take long to its next whole picture, with which video begins. Until then stills stand in for it. */
const STILL_AFTER_MS = 100;
const STILL_RETRY_MS = 2_000;
/** Video that stops for this long has gone; stills, or what else the camera shows then, are better than a frozen picture. */
const FROZEN_AFTER_MS = 4_000;

/** A camera's picture, live while it can be seen, and what the agent sees in it. */
export function cameraTile(setup: CameraSetup, layers: ReadonlySet<Layer>): CameraTile {
  const { name, fps } = setup;
  const still = element("img", { alt: "", class: "still" });
  const video = element("canvas", { class: "video", hidden: "" });
  const overlay = element("canvas", {
    class: "overlay",
    role: "img",
    "aria-label": `Live picture of ${name}`,
  });
  const stage = element("div", { class: "stage" }, [still, video, overlay]);
  const state = element("span", { class: "dot", text: "waiting" });
  const count = element("span", { class: "count" });
  const figures = element("span", { class: "figures" });
  const enlarge = element("button", { type: "button", class: "quiet", text: "Full screen" });
  enlarge.setAttribute("aria-label", `${name}: full screen`);
  const caption = element("figcaption", {}, [element("h3", { text: name }), state, count, figures, enlarge]);
  const figure = element("figure", { class: "camera", "data-camera": name }, [stage, caption]);

  let sight: Sight | undefined;
  let trails: Trails = new Map();
  let playing: Playing | undefined;
  let nextStill: ReturnType<typeof setTimeout> | undefined;
  let frozen: ReturnType<typeof setTimeout> | undefined;
  let stale: ReturnType<typeof setTimeout> | undefined;

  function draw(): void {
    const { clientWidth: width, clientHeight: height } = stage;
    const ratio = devicePixelRatio;
    const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (overlay.width !== pixelWidth) overlay.width = pixelWidth;
    if (overlay.height !== pixelHeight) overlay.height = pixelHeight;
    const context = overlay.getContext("2d");
    if (context === null) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawMoment(context, width, height, { setup, sight, trails, layers });
  }

  const showStill = () => {
    still.src = `cameras/${name}.jpg?${Date.now()}`;
  };
  const showStillLater = (ms: number) => {
    clearTimeout(nextStill);
    if (playing !== undefined && video.hidden) nextStill = setTimeout(showStill, ms);
  };
  still.addEventListener("load", () => {
    takeShape(still.naturalWidth, still.naturalHeight);
    figure.dataset.live = "true";
    showStillLater(STILL_AFTER_MS);
  });
  still.addEventListener("error", () => showStillLater(STILL_RETRY_MS));
  function takeShape(width: number, height: number): void {
    stage.style.aspectRatio = `${width} / ${height}`;
  }

  function play(): void {
    if (playing !== undefined) return;
    showStill();
    playing = playVideo(name, video, () => {
      clearTimeout(frozen);
      frozen = setTimeout(stall, FROZEN_AFTER_MS);
      if (!video.hidden) return;
      clearTimeout(nextStill);
      video.hidden = false;
      figure.dataset.playing = "true";
    });
  }

  function stall(): void {
    video.hidden = true;
    delete figure.dataset.playing;
    showStill();
  }

  function pause(): void {
    playing?.stop();
    playing = undefined;
    clearTimeout(nextStill);
    clearTimeout(frozen);
    video.hidden = true;
    delete figure.dataset.playing;
  }

  // What nobody sees the agent need not make: a tab behind others, a camera far down the page.
  let onScreen = false;
  const playWhereSeen = () => (onScreen && !document.hidden ? play() : pause());
  const watching = new IntersectionObserver(([entry]) => {
    onScreen = entry?.isIntersecting ?? false;
    playWhereSeen();
  });
  watching.observe(stage);
  document.addEventListener("visibilitychange", playWhereSeen);
  const sizing = new ResizeObserver(draw);
  sizing.observe(stage);
  enlarge.addEventListener("click", () => {
    void (document.fullscreenElement === null ? figure.requestFullscreen() : document.exitFullscreen());
  });

  return {
    figure,
    begin() {
      onScreen = stage.getBoundingClientRect().top < innerHeight;
      playWhereSeen();
    },
    draw,
    see(latest) {
      if (sight === undefined) takeShape(latest.width, latest.height);
      trails = advanceTrails(trails, latest);
      sight = latest;
      clearTimeout(stale);
      stale = setTimeout(
        () => {
          sight = undefined;
          trails = new Map();
          draw();
        },
        Math.max(STALE_MS, 3000 / fps),
      );
      const seen = inWords(latest);
      count.textContent = seen;
      overlay.setAttribute("aria-label", `Live picture of ${name}: ${seen}`);
      draw();
    },
    hearHealth({ online, detecting, cameraFps, detectionFps }) {
      state.textContent = online ? (detecting ? "on line" : "not detecting") : "off line";
      state.dataset.state = online ? (detecting ? "good" : "fair") : "bad";
      figures.textContent = online ? `${cameraFps} fps, ${detectionFps} looks/s` : "";
    },
    remove() {
      pause();
      watching.disconnect();
      sizing.disconnect();
      clearTimeout(stale);
      document.removeEventListener("visibilitychange", playWhereSeen);
      figure.remove();
    },
  };
}

/** `person 2, car 1`, or `nobody`. */
function inWords({ objects }: Sight): string {
  const sure = objects.filter((object) => object.sure);
  const labels = [...new Set(sure.map(({ label }) => label))];
  const counts = labels.map((name) => `${name} ${sure.filter(({ label }) => label === name).length}`);
  return counts.length === 0 ? "nobody" : counts.join(", ");
}
