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
} from "./shapes.ts";
import { toYaml } from "./to-yaml.ts";

/** Opens an editor for zones and masks on a camera's frame. It shows the YAML, but does not change the configuration. */
export function openEditor(container: HTMLElement, cameras: readonly CameraSetup[]): void {
  const choice = element(
    "select",
    { id: "editor-camera" },
    cameras.map(({ name }) => element("option", { text: name })),
  );
  const still = element("img", { alt: "", class: "still" });
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
  const canvas = element("div", { class: "stage canvas" }, [still, stage.svg]);

  function open(name: string): void {
    camera = cameras.find((one) => one.name === name);
    if (camera === undefined) return;
    shapes = shapesOf(camera);
    showStill();
    choose(0);
  }

  function showStill(): void {
    still.src = `cameras/${camera?.name}.jpg?${Date.now()}`;
  }

  function update(): void {
    if (camera === undefined) return;
    stage.show(shapes, chosen);
    list.show(shapes, chosen);
    yaml.textContent = toYaml(camera.name, shapes, shapesOf(camera));
    copied.textContent = "";
    problem.textContent = nameProblem(shapes) ?? "";
  }

  const add = (["zone", "motion", "object"] as const).map((kind: ShapeKind) => {
    const button = element("button", { type: "button", text: `New ${KINDS[kind].toLowerCase()}` });
    button.addEventListener("click", () => {
      shapes = [...shapes, newShape(kind, shapes)];
      choose(shapes.length - 1);
    });
    return button;
  });

  choice.addEventListener("change", () => open(choice.value));
  fresh.addEventListener("click", showStill);
  still.addEventListener("load", () => {
    canvas.style.aspectRatio = `${still.naturalWidth} / ${still.naturalHeight}`;
  });
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
      ]),
      canvas,
      element("p", {
        class: "details",
        text: "Drag a corner, or move it with the arrow keys (with Shift in small steps). Double-click or + adds a corner after it, Delete removes it.",
      }),
    ]),
    element("section", { class: "card" }, [
      element("h2", { text: "Zones and masks" }),
      element("div", { class: "row" }, add),
      list.list,
      problem,
      element("h2", { text: "For sabrewing.yml" }),
      element("p", {
        class: "details",
        text: "The configuration is not changed yet. Replace these keys in it, run sabrewing check, and restart the agent.",
      }),
      yaml,
      element("div", { class: "row" }, [copy, copied]),
    ]),
  );
  open(cameras[0]?.name ?? "");
}
