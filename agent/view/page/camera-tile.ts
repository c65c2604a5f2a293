import { element } from "./element.ts";
import { outageNote } from "./outage.ts";
import { drawMoment, type Layer } from "./overlay.ts";
import { type Playing, playVideo } from "./play-video.ts";
import type { CameraHealth, CameraSetup, Sight } from "./protocol.ts";
import { unixTimeOf } from "./pts.ts";
import { sightHistory } from "./sight-history.ts";
import { showImage, stillFrames } from "./still-frames.ts";
import { trailsTo } from "./trails.ts";

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

/** After this time without a frame, or if the video is late by more, the tile shows stills instead. */
const FROZEN_AFTER_MS = 4_000;
const MOST_LATE_MS = 6_000;

/** Shows a camera's video while it is visible. The agent's results are drawn over the frame to which they belong. */
export function cameraTile(setup: CameraSetup, layers: ReadonlySet<Layer>): CameraTile {
  const { name } = setup;
  const still = element("canvas", { class: "still" });
  const video = element("canvas", { class: "video", hidden: "" });
  const overlay = element("canvas", {
    class: "overlay",
    role: "img",
    "aria-label": `Live video of ${name}`,
  });
  const outage = outageNote();
  const stage = element("div", { class: "stage" }, [still, video, overlay, outage.note]);
  const state = element("span", { class: "dot", text: "Waiting" });
  const count = element("span", { class: "count" });
  const figures = element("span", { class: "figures" });
  const enlarge = element("button", { type: "button", class: "quiet", text: "Full screen" });
  enlarge.setAttribute("aria-label", `${name}: full screen`);
  const link = element("a", { href: `#camera/${name}`, text: name });
  const title = element("h3", {}, [link]);
  const states = element("p", { class: "states" }, [state, count, figures]);
  const caption = element("figcaption", {}, [title, enlarge, states]);
  const figure = element("figure", { class: "camera", "data-camera": name }, [stage, caption]);

  const history = sightHistory(setup.fps);
  let playing: Playing | undefined;
  let frozen: ReturnType<typeof setTimeout> | undefined;
  let shownMs: number | undefined;
  let drawn: Sight | undefined;

  function draw(): void {
    drawn = shownMs === undefined ? undefined : history.at(shownMs);
    const { clientWidth: width, clientHeight: height } = stage;
    const ratio = devicePixelRatio;
    const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (overlay.width !== pixelWidth) overlay.width = pixelWidth;
    if (overlay.height !== pixelHeight) overlay.height = pixelHeight;
    const context = overlay.getContext("2d");
    if (context === null) return;
    const trails = drawn === undefined ? new Map() : trailsTo(drawn, history.before(drawn.timeMs));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawMoment(context, width, height, { setup, sight: drawn, trails, layers });
  }

  function showFrame(timeMs: number): void {
    shownMs = timeMs;
    figure.dataset.live = "true";
    if (history.at(timeMs) !== drawn) draw();
  }

  const stills = stillFrames(name, still, {
    isKnown: (timeMs) => history.isKnown(timeMs, performance.now()),
    onFrame(timeMs) {
      if (!video.hidden || playing === undefined) return;
      takeShape(still.width, still.height);
      showFrame(timeMs);
    },
  });
  function takeShape(width: number, height: number): void {
    stage.style.aspectRatio = `${width} / ${height}`;
  }

  const timeOf = (pts: number) => unixTimeOf(pts, history.newestMs() ?? Date.now());
  function play(): void {
    if (playing !== undefined) return;
    stills.start();
    playing = playVideo(name, video, {
      dueInMs: (pts) => history.dueInMs(timeOf(pts), performance.now()),
      onFrame(pts) {
        const timeMs = timeOf(pts);
        if (history.lateMs(timeMs, performance.now()) > MOST_LATE_MS) return stall();
        clearTimeout(frozen);
        frozen = setTimeout(stall, FROZEN_AFTER_MS);
        if (video.hidden) {
          stills.stop();
          video.hidden = false;
          figure.dataset.playing = "true";
        }
        showFrame(timeMs);
      },
    });
  }

  function stall(): void {
    video.hidden = true;
    delete figure.dataset.playing;
    stills.start();
  }

  function pause(): void {
    playing?.stop();
    playing = undefined;
    stills.stop();
    clearTimeout(frozen);
    video.hidden = true;
    delete figure.dataset.playing;
  }

  // The agent encodes video only for visible tiles, not for hidden tabs or cameras far down the page.
  let onScreen = false;
  let online = true;
  const playIfVisible = () => (onScreen && online && !document.hidden ? play() : pause());
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

  async function showLastFrame(): Promise<void> {
    history.clear();
    draw();
    if (!(await showImage(`cameras/${name}/last.jpg`, still)) || online) return;
    takeShape(still.width, still.height);
    figure.dataset.last = "true";
  }

  return {
    figure,
    begin() {
      onScreen = stage.getBoundingClientRect().top < innerHeight;
      playIfVisible();
    },
    draw,
    showSight(latest) {
      if (history.newestMs() === undefined) takeShape(latest.width, latest.height);
      history.add(latest, performance.now());
      if (!online) return;
      const summary = countsOf(latest);
      count.textContent = summary;
      overlay.setAttribute("aria-label", `Live video of ${name}: ${summary}`);
      // The frame may be shown already.
      if (shownMs !== undefined && history.at(shownMs) !== drawn) draw();
    },
    showHealth({ online: isOnline, outage: reason, detecting, cameraFps, detectionFps }) {
      state.textContent = isOnline ? (detecting ? "Online" : "Not detecting") : "Offline";
      state.dataset.state = isOnline ? (detecting ? "good" : "fair") : "bad";
      figures.textContent = isOnline ? `${cameraFps} fps, ${detectionFps} passes/s` : "";
      outage.show(reason);
      if (isOnline === online) return;
      online = isOnline;
      figure.classList.toggle("offline", !online);
      playIfVisible();
      if (online) return;
      count.textContent = "";
      overlay.setAttribute("aria-label", `Last frame of ${name}`);
      void showLastFrame();
    },
    remove() {
      pause();
      watching.disconnect();
      sizing.disconnect();
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
