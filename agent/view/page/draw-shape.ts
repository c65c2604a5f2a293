import { element, svgElement } from "./element.ts";
import type { Corner } from "./protocol.ts";
import { LEAST_CORNERS, withinFrame } from "./shapes.ts";

/** A polygon that the user draws, one click for each corner. */
export interface ShapeDrawing {
  /** Shows the corners; lies over the other polygons while it is active. */
  readonly svg: SVGSVGElement;
  /** The buttons and the instruction; hidden while it is not active. */
  readonly controls: HTMLElement;
  /** @param onDone receives the corners, at least three */
  start(onDone: (corners: readonly Corner[]) => void): void;
  stop(): void;
}

export function shapeDrawing(): ShapeDrawing {
  const svg = svgElement("svg", {
    viewBox: "0 0 1000 1000",
    preserveAspectRatio: "none",
    class: "drawing",
    "aria-hidden": "true",
  });
  const hint = element("span", { role: "status" });
  const undo = element("button", { type: "button", text: "Remove last" });
  const finish = element("button", { type: "button", class: "primary", text: "Finish" });
  const cancel = element("button", { type: "button", class: "quiet", text: "Cancel" });
  const controls = element("div", { class: "row", hidden: "" }, [hint, undo, finish, cancel]);
  let corners: readonly Corner[] = [];
  let done: ((corners: readonly Corner[]) => void) | undefined;

  function show(): void {
    const points = corners.map(([x, y]) => `${x * 1000},${y * 1000}`).join(" ");
    const dots = corners.map(([x, y]) =>
      svgElement("path", { class: "handle", d: `M${x * 1000} ${y * 1000}h0` }),
    );
    svg.replaceChildren(svgElement("polyline", { class: "shape chosen", points }), ...dots);
    svg.classList.toggle("active", done !== undefined);
    controls.hidden = done === undefined;
    finish.disabled = corners.length < LEAST_CORNERS;
    undo.disabled = corners.length === 0;
    hint.textContent = `Click each corner in the frame. Corners so far: ${corners.length}.`;
  }

  function stop(): void {
    [corners, done] = [[], undefined];
    show();
  }

  svg.addEventListener("click", ({ clientX, clientY }) => {
    const { left, top, width, height } = svg.getBoundingClientRect();
    corners = [...corners, [withinFrame((clientX - left) / width), withinFrame((clientY - top) / height)]];
    show();
  });
  undo.addEventListener("click", () => {
    corners = corners.slice(0, -1);
    show();
  });
  finish.addEventListener("click", () => {
    const [drawn, receive] = [corners, done];
    stop();
    receive?.(drawn);
  });
  cancel.addEventListener("click", stop);
  controls.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") stop();
  });
  show();

  return {
    svg,
    controls,
    start(onDone) {
      [corners, done] = [[], onDone];
      show();
      cancel.focus();
    },
    stop,
  };
}
