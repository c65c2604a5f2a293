import { element } from "./element.ts";
import { type Shape, type ShapeKind, titleOf } from "./shapes.ts";

export interface ShapeList {
  readonly list: HTMLElement;
  show(shapes: readonly Shape[], chosen: number): void;
}

export interface ListActions {
  choose(index: number): void;
  remove(index: number): void;
  /** Renames the chosen shape. */
  rename(name: string): void;
  addCorner(): void;
  removeCorner(): void;
}

const MEANINGS: Readonly<Record<ShapeKind, string>> = {
  zone: "A named part of the frame. An object is in the zone if the bottom centre of its box is.",
  motion: "Motion here is ignored: clocks, flags, trees. Objects are still detected.",
  object: "Objects that stand here are ignored: statues, posters.",
};

/** Lists the polygons, which can be chosen, renamed and removed, and get more or fewer corners. */
export function shapeList(actions: ListActions): ShapeList {
  const list = element("ul", { class: "shapes" });
  let outlineShown = "";

  function nameItems(shapes: readonly Shape[]): void {
    for (const [index, shape] of shapes.entries()) {
      const item = list.children[index];
      const title = titleOf(shape, shapes);
      const choose = item?.querySelector(`[data-key="choose ${index}"]`);
      if (choose) choose.textContent = title;
      item?.querySelector(`[data-key="remove ${index}"]`)?.setAttribute("aria-label", `Remove ${title}`);
    }
  }

  return {
    list,
    show(shapes, chosen) {
      // The elements stay while the list is the same, since the user may be typing into one of them.
      const outline = JSON.stringify([chosen, shapes.map(({ kind, corners }) => [kind, corners.length])]);
      if (outline !== outlineShown) {
        const focused = list.contains(document.activeElement) ? document.activeElement : null;
        const key = focused instanceof HTMLElement ? focused.dataset.key : undefined;
        list.replaceChildren(
          ...shapes.map((shape, index) => itemOf(shape, index, index === chosen, actions)),
        );
        const again = list.querySelector<HTMLElement>(`[data-key="${key}"]:not(:disabled)`);
        if (key !== undefined) (again ?? list.querySelector<HTMLElement>("button"))?.focus();
      }
      outlineShown = outline;
      nameItems(shapes);
    },
  };
}

function itemOf(shape: Shape, index: number, isChosen: boolean, actions: ListActions): HTMLElement {
  const choose = button("", `choose ${index}`, () => actions.choose(index));
  choose.setAttribute("aria-pressed", String(isChosen));
  const remove = button("Remove", `remove ${index}`, () => actions.remove(index));
  remove.className = "quiet";
  const details = isChosen ? [detailsOf(shape, actions)] : [];
  return element("li", { class: `shape-item ${shape.kind}` }, [choose, remove, ...details]);
}

function detailsOf(shape: Shape, actions: ListActions): HTMLElement {
  const input = element("input", { value: shape.name, autocomplete: "off", "data-key": "name" });
  input.addEventListener("input", () => actions.rename(input.value));
  const more = button("Add a corner", "more", actions.addCorner);
  const fewer = button("Remove a corner", "fewer", actions.removeCorner);
  fewer.disabled = shape.corners.length <= 3;
  return element("div", { class: "shape-details" }, [
    element("p", { class: "details", text: MEANINGS[shape.kind] }),
    ...(shape.kind === "zone" ? [element("label", { text: "Name " }, [input])] : []),
    element("div", { class: "row" }, [more, fewer]),
  ]);
}

/** @param key identifies the button when the list is rebuilt. */
function button(text: string, key: string, press: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", text, "data-key": key });
  made.addEventListener("click", press);
  return made;
}
