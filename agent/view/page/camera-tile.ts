import { element } from "./element.ts";
import { drawMoment, type Layer } from "./overlay.ts";
import { type Playing, playVideo } from "./play-video.ts";
import type { CameraHealth, CameraSetup, Sight } from "./protocol.ts";
import { advanceTrails, type Trails } from "./trails.ts";

/** One camera on the page. */
export interface CameraTile {
  readonly figure: HTMLElement;
  /** Starts to play if the tile is visible, without waiting until the browser has drawn the page. */
  begin(): void;
  showSight(sight: Sight): void;
  showHealth(health: CameraHealth): void;
  /** Redraws after a change of layers. */
  draw(): void;
  remove(): void;
}

/**
 * Older boxes are removed: they may no longer match the video. While nothing moves, a camera is examined at its key frames
 * only. The limit is this, or twice the interval before.
 */
const STALE_MS = 6_000;
/** Video starts with the camera's next key frame, which may take long. Until then the tile shows stills. */
const STILL_AFTER_MS = 100;
const STILL_RETRY_MS = 2_000;
/** After this time without a frame, the tile shows stills instead of a frozen video. */
const FROZEN_AFTER_MS = 4_000;

/** Shows a camera's video while it is visible, with the agent's results drawn over it. */
export function cameraTile(setup: CameraSetup, layers: ReadonlySet<Layer>): CameraTile {
  const { name } = setup;
  const still = element("img", { alt: "", class: "still" });
  const video = element("canvas", { class: "video", hidden: "" });
  const overlay = element("canvas", {
    class: "overlay",
    role: "img",
    "aria-label": `Live video of ${name}`,
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
  let seenMs = performance.now();

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

  function forgetSight(): void {
    sight = undefined;
    trails = new Map();
    draw();
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

  // The agent encodes video only for visible tiles, not for hidden tabs or cameras far down the page.
  let onScreen = false;
  const playIfVisible = () => (onScreen && !document.hidden ? play() : pause());
  const watching = new IntersectionObserver(([entry]) => {
    onScreen = entry?.isIntersecting ?? false;
    playIfVisible();
  });
  watching.observe(stage);
  document.addEventListener("visibilitychange", playIfVisible);
  const sizing = new ResizeObserver(draw);
  sizing.observe(stage);
  enlarge.addEventListener("click", () => {
    void (document.fullscreenElement === null ? figure.requestFullscreen() : document.exitFullscreen());
  });

  return {
    figure,
    begin() {
      onScreen = stage.getBoundingClientRect().top < innerHeight;
      playIfVisible();
    },
    draw,
    showSight(latest) {
      if (sight === undefined) takeShape(latest.width, latest.height);
      trails = advanceTrails(trails, latest);
      sight = latest;
      clearTimeout(stale);
      const nowMs = performance.now();
      stale = setTimeout(forgetSight, Math.max(STALE_MS, 2 * (nowMs - seenMs)));
      seenMs = nowMs;
      const summary = countsOf(latest);
      count.textContent = summary;
      overlay.setAttribute("aria-label", `Live video of ${name}: ${summary}`);
      draw();
    },
    showHealth({ online, detecting, cameraFps, detectionFps }) {
      state.textContent = online ? (detecting ? "online" : "not detecting") : "offline";
      state.dataset.state = online ? (detecting ? "good" : "fair") : "bad";
      if (!online) forgetSight();
      figures.textContent = online ? `${cameraFps} fps, ${detectionFps} passes/s` : "";
    },
    remove() {
      pause();
      watching.disconnect();
      sizing.disconnect();
      clearTimeout(stale);
      document.removeEventListener("visibilitychange", playIfVisible);
      figure.remove();
    },
  };
}

/** `person 2, car 1`, or `no objects`. */
function countsOf({ objects }: Sight): string {
  const sure = objects.filter((object) => object.sure);
  const labels = [...new Set(sure.map(({ label }) => label))];
  const counts = labels.map((name) => `${name} ${sure.filter(({ label }) => label === name).length}`);
  return counts.length === 0 ? "no objects" : counts.join(", ");
}
