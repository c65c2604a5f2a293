import { applyShapes } from "./apply-shapes.ts";
import { shapeDrawing } from "./draw-shape.ts";
import { editorBackground } from "./editor-background.ts";
import { element } from "./element.ts";
import { polygonStage } from "./polygon-stage.ts";
import type { CameraSetup } from "./protocol.ts";
import { shapeList } from "./shape-list.ts";
import {
  addCorner,
  KINDS,
  nameProblem,
  newShape,
  removeCorner,
  type Shape,
  type ShapeKind,
  shapesOf,
  titleOf,
} from "./shapes.ts";
import { toYaml } from "./to-yaml.ts";
import { zoomable } from "./zoom.ts";

export interface EditorOptions {
  readonly cameras: readonly CameraSetup[];
  /** Whether the agent may change its configuration. */
  readonly canApply: boolean;
}

const CAN_APPLY =
  "Apply writes the zones and masks of this camera to sabrewing.yml. Comments and other settings stay.";
const APPLIED = "Written to sabrewing.yml. Reload or restart the agent to apply the changes.";
const MUST_COPY =
  "The page cannot change the configuration: replace these keys in it and run sabrewing check. With view.allow_config_changes: true, the page can write them.";

/** Opens an editor for zones and masks on a camera's frame. It writes them to the configuration if it may, and shows the YAML. */
export function openEditor(container: HTMLElement, { cameras, canApply }: EditorOptions): void {
  const choice = element(
    "select",
    { id: "editor-camera" },
    cameras.map(({ name }) => element("option", { text: name })),
  );
  const background = editorBackground();
  const problem = element("p", { class: "bad", role: "alert" });
  const yaml = element("pre", {
    class: "yaml",
    tabindex: "0",
    role: "region",
    "aria-label": "YAML for sabrewing.yml",
  });
  const copied = element("span", { role: "status" });
  const copy = element("button", { type: "button", class: "primary", text: "Copy" });
  const fresh = element("button", { type: "button", text: "Refresh" });
  const apply = element("button", { type: "button", class: "primary", text: "Apply" });
  const applied = element("span", { role: "status" });
  const refused = element("p", { class: "bad", role: "alert" });

  let camera: CameraSetup | undefined;
  let shapes: readonly Shape[] = [];
  let chosen = 0;
  const change = (shape: Shape) => {
    shapes = shapes.with(chosen, shape);
    update();
  };
  const changeBy = (edit: (shape: Shape) => Shape) => {
    const shape = shapes[chosen];
    if (shape !== undefined) change(edit(shape));
  };
  const choose = (index: number) => {
    chosen = index;
    update();
  };
  const stage = polygonStage({ choose, change });
  const list = shapeList({
    choose,
    rename: (name) => changeBy((shape) => ({ ...shape, name })),
    addCorner: () => changeBy((shape) => addCorner(shape, shape.corners.length - 1)),
    removeCorner: () => changeBy((shape) => removeCorner(shape, shape.corners.length - 1)),
    remove(index) {
      shapes = shapes.toSpliced(index, 1);
      choose(Math.max(0, Math.min(chosen, shapes.length - 1)));
    },
  });
  const drawing = shapeDrawing();
  const names = element("div", { class: "shape-names", "aria-hidden": "true" });
  const canvas = element("div", { class: "stage canvas" }, [
    ...background.layers,
    stage.svg,
    names,
    drawing.svg,
  ]);
  const zoom = zoomable(canvas);

  function open(name: string): void {
    camera = cameras.find((one) => one.name === name);
    if (camera === undefined) return;
    shapes = shapesOf(camera);
    drawing.stop();
    background.show(name);
    choose(0);
  }

  function update(): void {
    if (camera === undefined) return;
    stage.show(shapes, chosen);
    list.show(shapes, chosen);
    yaml.textContent = toYaml(camera.name, shapes, shapesOf(camera));
    showNames();
    copied.textContent = "";
    applied.textContent = "";
    refused.textContent = "";
    const mistake = nameProblem(shapes);
    problem.textContent = mistake ?? "";
    apply.disabled = mistake !== undefined;
  }

  /** Each name is at the highest corner of its shape. */
  function showNames(): void {
    names.replaceChildren(
      ...shapes.map((shape) => {
        const [x, y] = shape.corners.reduce((best, corner) => (corner[1] < best[1] ? corner : best), [0, 1]);
        const name = element("span", { class: `shape-name ${shape.kind}`, text: titleOf(shape, shapes) });
        name.style.left = `${x * 100}%`;
        name.style.top = `${y * 100}%`;
        return name;
      }),
    );
  }

  const add = (["zone", "motion", "object"] as const).map((kind: ShapeKind) => {
    const button = element("button", { type: "button", text: `New ${KINDS[kind].toLowerCase()}` });
    button.addEventListener("click", () => {
      shapes = [...shapes, newShape(kind, shapes)];
      choose(shapes.length - 1);
    });
    return button;
  });
  const draw = element("button", { type: "button", text: "Draw a zone" });
  draw.addEventListener("click", () => {
    drawing.start((corners) => {
      shapes = [...shapes, newShape("zone", shapes, corners)];
      choose(shapes.length - 1);
    });
  });
  apply.addEventListener("click", async () => {
    if (camera === undefined) return;
    apply.disabled = true;
    const failure = await applyShapes(camera.name, shapes);
    apply.disabled = false;
    refused.textContent = failure ?? "";
    applied.textContent = failure === undefined ? APPLIED : "";
    if (failure !== undefined) return;
    shapes = shapes.map((shape) => (shape.kind === "zone" ? { ...shape, before: shape.name } : shape));
  });

  choice.addEventListener("change", () => open(choice.value));
  fresh.addEventListener("click", () => background.show(choice.value));
  copy.addEventListener("click", async () => {
    // Browsers offer the clipboard only to pages from HTTPS or from this machine.
    if (navigator.clipboard === undefined) {
      getSelection()?.selectAllChildren(yaml);
      copied.textContent = "Selected: press Ctrl-C.";
      return;
    }
    await navigator.clipboard.writeText(yaml.textContent ?? "");
    copied.textContent = "Copied.";
  });

  container.replaceChildren(
    element("section", { class: "stack" }, [
      element("div", { class: "row" }, [
        element("label", { for: "editor-camera", text: "Camera" }),
        choice,
        fresh,
        zoom.controls,
      ]),
      zoom.frame,
      drawing.controls,
      element("p", {
        class: "details",
        text: "Drag a corner, or move it with the arrow keys (with Shift in small steps). Double-click or + adds a corner after it, Delete removes it. Ctrl and the wheel zoom.",
      }),
    ]),
    element("section", { class: "card" }, [
      element("h2", { text: "Zones and masks" }),
      element("div", { class: "row" }, [draw, ...add]),
      list.list,
      problem,
      element("h2", { text: "For sabrewing.yml" }),
      element("p", {
        class: "details",
        text: canApply ? CAN_APPLY : MUST_COPY,
      }),
      ...(canApply ? [element("div", { class: "row" }, [apply, applied]), refused] : []),
      yaml,
      element("div", { class: "row" }, [copy, copied]),
    ]),
  );
  open(cameras[0]?.name ?? "");
}
