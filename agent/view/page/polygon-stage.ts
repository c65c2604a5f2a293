import { setAttributes, svgElement } from "./element.ts";
import type { Corner } from "./protocol.ts";
import { addCorner, moveCorner, removeCorner, type Shape } from "./shapes.ts";

export interface PolygonStage {
  readonly svg: SVGSVGElement;
  /** Shows the shapes, the chosen one with handles. */
  show(shapes: readonly Shape[], chosen: number): void;
}

export interface StageActions {
  /** The user clicked another polygon. */
  choose(index: number): void;
  /** The user changed the chosen polygon. */
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
 * Shows polygons over an image. The chosen one has a handle at each corner: drag it, or move it with the arrow keys (with
 * Shift in small steps). Delete removes the corner; Insert, + or a double click adds one after it.
 */
export function polygonStage({ choose, change }: StageActions): PolygonStage {
  // The unit is a tenth of a percent, independent of the image's aspect ratio.
  const svg = svgElement("svg", {
    viewBox: "0 0 1000 1000",
    preserveAspectRatio: "none",
    class: "polygons",
  });
  const layers = { polygons: svgElement("g"), rims: svgElement("g"), handles: svgElement("g") };
  svg.append(layers.polygons, layers.rims, layers.handles);
  let shown: Shape | undefined;

  function at({ clientX, clientY }: PointerEvent): Corner {
    const { left, top, width, height } = svg.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  function cornerOf(
    target: EventTarget | null,
  ): { readonly shape: Shape; readonly index: number } | undefined {
    const index = target instanceof SVGElement ? target.dataset.corner : undefined;
    return index === undefined || shown === undefined ? undefined : { shape: shown, index: Number(index) };
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
    if (dragged !== undefined && shown !== undefined) change(moveCorner(shown, dragged, at(event)));
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
      const polygons = elementsIn(layers.polygons, "polygon", shapes.length);
      for (const [index, { kind, corners }] of shapes.entries()) {
        const points = corners.map(([x, y]) => `${x * 1000},${y * 1000}`).join(" ");
        const isChosen = index === chosen;
        const polygon = polygons[index];
        setAttributes(polygon, { points, class: `shape ${kind}${isChosen ? " chosen" : ""}` });
        setAttributes(polygon, { "data-shape": isChosen ? undefined : String(index) });
      }
      shown = shapes[chosen];
      const corners = shown?.corners ?? [];
      const rims = elementsIn(layers.rims, "path", corners.length);
      const handles = elementsIn(layers.handles, "path", corners.length);
      for (const [index, [x, y]] of corners.entries()) {
        // A line of length zero with a round cap stays round when the drawing is stretched.
        const d = `M${x * 1000} ${y * 1000}h0`;
        const position = `${Math.round(x * 100)} % from the left, ${Math.round(y * 100)} % from the top`;
        const label = `Corner ${index + 1} of ${corners.length}: ${position}`;
        setAttributes(rims[index], { d, class: "rim" });
        const accessible = { tabindex: "0", role: "button", "aria-label": label };
        setAttributes(handles[index], { d, class: "handle", "data-corner": String(index), ...accessible });
      }
    },
  };
}

/** Adds or removes elements of a group until it has `count`. Existing elements stay, since one may have the focus. */
function elementsIn<Name extends "polygon" | "path">(
  group: SVGGElement,
  name: Name,
  count: number,
): readonly Element[] {
  while (group.childElementCount > count) group.lastElementChild?.remove();
  while (group.childElementCount < count) group.append(svgElement(name));
  return [...group.children];
}
