import { element } from "./element.ts";
import { polygonStage } from "./polygon-stage.ts";
import type { CameraSetup } from "./protocol.ts";
import {
  addCorner,
  nameProblem,
  newShape,
  removeCorner,
  type Shape,
  type ShapeKind,
  shapesOf,
} from "./shapes.ts";
import { toYaml } from "./to-yaml.ts";

const KINDS: Readonly<Record<ShapeKind, string>> = {
  zone: "Zone",
  motion: "Motion mask",
  object: "Object mask",
};
const MEANINGS: Readonly<Record<ShapeKind, string>> = {
  zone: "A part of the picture with a name. An object is in it while its feet are.",
  motion: "Motion does not count here: clocks, flags, trees. It does not hide objects.",
  object: "Nothing that stands here is an object: statues, posters.",
};

/** Draws zones and masks on a camera's picture and words them for the configuration. Changes nothing by itself. */
export function openEditor(room: HTMLElement, cameras: readonly CameraSetup[]): void {
  const choice = element(
    "select",
    { id: "editor-camera" },
    cameras.map(({ name }) => element("option", { text: name })),
  );
  const picture = element("img", { alt: "", class: "still" });
  const list = element("ul", { class: "shapes" });
  const problem = element("p", { class: "bad", role: "alert" });
  const yaml = element("pre", { class: "yaml", tabindex: "0", "aria-label": "YAML for sabrewing.yml" });
  const copied = element("span", { role: "status" });
  const copy = element("button", { type: "button", class: "primary", text: "Copy" });
  const fresh = element("button", { type: "button", text: "New picture" });

  let camera: CameraSetup | undefined;
  let shapes: readonly Shape[] = [];
  let chosen = 0;
  const stage = polygonStage({
    choose(index) {
      chosen = index;
      update();
    },
    change(shape) {
      shapes = shapes.with(chosen, shape);
      update();
    },
  });
  const frame = element("div", { class: "stage canvas" }, [picture, stage.svg]);

  function open(name: string): void {
    camera = cameras.find((one) => one.name === name);
    if (camera === undefined) return;
    shapes = shapesOf(camera);
    chosen = 0;
    showPicture();
    update();
  }

  function showPicture(): void {
    picture.src = `cameras/${camera?.name}.jpg?${Date.now()}`;
  }

  function update(): void {
    if (camera === undefined) return;
    stage.show(shapes, chosen);
    yaml.textContent = toYaml(camera.name, shapes, shapesOf(camera));
    copied.textContent = "";
    problem.textContent = nameProblem(shapes) ?? "";
    // What somebody types into must stay the same element.
    if (list.contains(document.activeElement) && document.activeElement instanceof HTMLInputElement) return;
    list.replaceChildren(...shapes.map(shapeItem));
  }

  function shapeItem(shape: Shape, index: number): HTMLElement {
    const title = shape.kind === "zone" ? shape.name : `${KINDS[shape.kind]} ${numberOf(shape)}`;
    const choose = element("button", {
      type: "button",
      "aria-pressed": String(index === chosen),
      text: title,
    });
    choose.addEventListener("click", () => {
      chosen = index;
      update();
    });
    const remove = element("button", { type: "button", class: "quiet", text: "Remove" });
    remove.setAttribute("aria-label", `Remove ${title}`);
    remove.addEventListener("click", () => {
      shapes = shapes.toSpliced(index, 1);
      chosen = Math.max(0, Math.min(chosen, shapes.length - 1));
      update();
    });
    const item = element("li", { class: `shape-item ${shape.kind}` }, [choose, remove]);
    if (index === chosen) item.append(detailsOf(shape, index));
    return item;
  }

  function numberOf(shape: Shape): number {
    return shapes.filter(({ kind }) => kind === shape.kind).indexOf(shape) + 1;
  }

  function detailsOf(shape: Shape, index: number): HTMLElement {
    const parts: HTMLElement[] = [element("p", { class: "details", text: MEANINGS[shape.kind] })];
    if (shape.kind === "zone") {
      const input = element("input", { value: shape.name, pattern: "[A-Za-z0-9_\\-]+", autocomplete: "off" });
      input.addEventListener("input", () => {
        const now = shapes[index];
        if (now === undefined) return;
        shapes = shapes.with(index, { ...now, name: input.value });
        update();
      });
      input.addEventListener("change", () => {
        input.blur();
        update();
      });
      const label = element("label", { text: "Name " }, [input]);
      parts.push(label);
    }
    const last = shape.corners.length - 1;
    const more = element("button", { type: "button", text: "Add a corner" });
    more.addEventListener("click", () => replace(addCorner(shape, last)));
    const fewer = element("button", { type: "button", text: "Take one away" });
    fewer.disabled = last < 3;
    fewer.addEventListener("click", () => replace(removeCorner(shape, last)));
    parts.push(element("div", { class: "row" }, [more, fewer]));
    return element("div", { class: "shape-details" }, parts);
  }

  function replace(shape: Shape): void {
    shapes = shapes.with(chosen, shape);
    update();
  }

  const add = (Object.keys(KINDS) as ShapeKind[]).map((kind) => {
    const button = element("button", { type: "button", text: `New ${KINDS[kind].toLowerCase()}` });
    button.addEventListener("click", () => {
      shapes = [...shapes, newShape(kind, shapes)];
      chosen = shapes.length - 1;
      update();
    });
    return button;
  });

  choice.addEventListener("change", () => open(choice.value));
  fresh.addEventListener("click", showPicture);
  picture.addEventListener("load", () => {
    frame.style.aspectRatio = `${picture.naturalWidth} / ${picture.naturalHeight}`;
  });
  copy.addEventListener("click", async () => {
    // Browsers keep the clipboard for pages that come encrypted or from this machine.
    if (navigator.clipboard === undefined) {
      getSelection()?.selectAllChildren(yaml);
      copied.textContent = "Selected: press Ctrl-C.";
      return;
    }
    await navigator.clipboard.writeText(yaml.textContent ?? "");
    copied.textContent = "Copied.";
  });

  room.replaceChildren(
    element("section", { class: "stack" }, [
      element("div", { class: "row" }, [
        element("label", { for: "editor-camera", text: "Camera" }),
        choice,
        fresh,
      ]),
      frame,
      element("p", {
        class: "details",
        text: "Drag the corners, or move one with the arrow keys (Shift: finely). Double click or + adds a corner behind it, Delete takes it away.",
      }),
    ]),
    element("section", { class: "card" }, [
      element("h2", { text: "Zones and masks" }),
      element("div", { class: "row" }, add),
      list,
      problem,
      element("h2", { text: "For sabrewing.yml" }),
      element("p", {
        class: "details",
        text: "Nothing is changed yet. Put these keys in place of the same ones, run sabrewing check, and restart the agent.",
      }),
      yaml,
      element("div", { class: "row" }, [copy, copied]),
    ]),
  );
  open(cameras[0]?.name ?? "");
}
