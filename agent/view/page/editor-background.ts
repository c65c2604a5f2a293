import { element } from "./element.ts";

/** What the editor's shapes are drawn on. */
export interface EditorBackground {
  readonly layers: readonly HTMLElement[];
  /** Shows the camera's current frame; of an offline camera its last one, if the agent has one. */
  show(camera: string): void;
}

/** A frame of a camera, or a sentence while there is none. */
export function editorBackground(): EditorBackground {
  const still = element("img", { alt: "", class: "still" });
  const note = element("p", { class: "stage-note", role: "status" });
  let others: readonly string[] = [];

  function showNext(): void {
    const [address, ...rest] = others;
    others = rest;
    if (address !== undefined) {
      still.src = address;
      return;
    }
    // Without an address, the browser draws nothing: no sign of a broken image.
    still.removeAttribute("src");
    note.textContent =
      "The camera has sent no frame yet. Zones and masks can be edited without one; Refresh tries again.";
  }

  still.addEventListener("error", showNext);
  still.addEventListener("load", () => {
    const { parentElement, naturalWidth, naturalHeight } = still;
    note.textContent = "";
    if (parentElement !== null) parentElement.style.aspectRatio = `${naturalWidth} / ${naturalHeight}`;
  });
  return {
    layers: [still, note],
    show(camera) {
      note.textContent = "Waiting for a frame …";
      const newest = Date.now();
      others = [`cameras/${camera}.jpg?${newest}`, `cameras/${camera}/last.jpg?${newest}`];
      showNext();
    },
  };
}
