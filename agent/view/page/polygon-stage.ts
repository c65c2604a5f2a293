import { svgElement } from "./element.ts";
import type { Corner } from "./protocol.ts";
import { addCorner, moveCorner, removeCorner, type Shape } from "./shapes.ts";

export interface PolygonStage {
  readonly svg: SVGSVGElement;
  /** Shows these, one of them with handles. */
  show(shapes: readonly Shape[], chosen: number): void;
}

export interface StageActions {
  /** Another polygon was pointed at. */
  choose(index: number): void;
  /** The chosen one was changed. */
  change(shape: Shape): void;
}

const STEP = 0.01;
const FINE_STEP = 0.001;
const DIRECTIONS: Readonly<Record<string, Corner>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * Polygons over a picture. The chosen one has a handle at each corner: drag it, or move it by the arrow keys (with Shift
 * in small steps); Delete takes it away, Insert or a double click adds one behind it.
 */
export function polygonStage({ choose, change }: StageActions): PolygonStage {
  // Units of a tenth of a percent; the picture's proportions are not the drawing's business.
  const svg = svgElement("svg", { viewBox: "0 0 1000 1000", preserveAspectRatio: "none", class: "polygons" });
  let shown: { readonly shape: Shape; readonly corner: number } | undefined;

  const corner = (shape: Shape, index: number, [x, y]: Corner): SVGElement => {
    // A line of no length with a round cap is round, however the picture is stretched.
    const at = `M${x * 1000} ${y * 1000}h0`;
    const label = `Corner ${index + 1} of ${shape.corners.length}: ${Math.round(x * 100)} % from the left, ${Math.round(y * 100)} % from the top`;
    const handle = svgElement("path", {
      d: at,
      class: "handle",
      tabindex: "0",
      role: "button",
      "aria-label": label,
    });
    handle.dataset.corner = String(index);
    return handle;
  };

  function at({ clientX, clientY }: PointerEvent): Corner {
    const { left, top, width, height } = svg.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  function cornerOf(
    target: EventTarget | null,
  ): { readonly shape: Shape; readonly index: number } | undefined {
    const index = target instanceof SVGElement ? target.dataset.corner : undefined;
    return index === undefined || shown === undefined
      ? undefined
      : { shape: shown.shape, index: Number(index) };
  }

  let dragged: number | undefined;
  svg.addEventListener("pointerdown", (event) => {
    const { target } = event;
    const other = target instanceof SVGElement ? target.dataset.shape : undefined;
    if (other !== undefined) return choose(Number(other));
    dragged = cornerOf(target)?.index;
    if (dragged === undefined) return;
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
    focusCorner(dragged);
  });
  svg.addEventListener("pointermove", (event) => {
    if (dragged !== undefined && shown !== undefined) change(moveCorner(shown.shape, dragged, at(event)));
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    svg.addEventListener(end, () => {
      dragged = undefined;
    });
  }
  svg.addEventListener("dblclick", ({ target }) => {
    const found = cornerOf(target);
    if (found !== undefined) change(addCorner(found.shape, found.index));
  });
  svg.addEventListener("keydown", (event) => {
    const found = cornerOf(event.target);
    if (found === undefined) return;
    const { shape, index } = found;
    const direction = DIRECTIONS[event.key];
    const [x, y] = shape.corners[index] ?? [0, 0];
    if (direction !== undefined) {
      const step = event.shiftKey ? FINE_STEP : STEP;
      change(moveCorner(shape, index, [x + direction[0] * step, y + direction[1] * step]));
      focusCorner(index);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      change(removeCorner(shape, index));
      focusCorner(Math.max(0, index - 1));
    } else if (event.key === "Insert" || event.key === "+") {
      change(addCorner(shape, index));
      focusCorner(index + 1);
    } else return;
    event.preventDefault();
  });

  function focusCorner(index: number): void {
    svg.querySelector<SVGElement>(`[data-corner="${index}"]`)?.focus();
  }

  return {
    svg,
    show(shapes, chosen) {
      const focused = svg.contains(document.activeElement)
        ? cornerOf(document.activeElement)?.index
        : undefined;
      const polygons = shapes.map(({ kind, corners }, index) => {
        const points = corners.map(([x, y]) => `${x * 1000},${y * 1000}`).join(" ");
        const polygon = svgElement("polygon", { points, class: `shape ${kind}` });
        if (index === chosen) polygon.classList.add("chosen");
        else polygon.dataset.shape = String(index);
        return polygon;
      });
      const shape = shapes[chosen];
      shown = shape && { shape, corner: focused ?? 0 };
      const handles = shape?.corners.map((place, index) => corner(shape, index, place)) ?? [];
      const rims = handles.map((handle) =>
        svgElement("path", { d: handle.getAttribute("d") ?? "", class: "rim" }),
      );
      svg.replaceChildren(...polygons, ...rims, ...handles);
      if (focused !== undefined) focusCorner(focused);
    },
  };
}
