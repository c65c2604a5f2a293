import { element } from "./element.ts";

const STEP = 1.5;
const LARGEST = 6;

/** Enlarges an element inside a frame that scrolls. */
export function zoomable(content: HTMLElement): {
  readonly frame: HTMLElement;
  readonly controls: HTMLElement;
} {
  const frame = element(
    "div",
    { class: "zoom-frame", tabindex: "0", role: "region", "aria-label": "Frame" },
    [content],
  );
  const larger = element("button", { type: "button", text: "+" });
  const smaller = element("button", { type: "button", text: "−" });
  larger.setAttribute("aria-label", "Zoom in");
  smaller.setAttribute("aria-label", "Zoom out");
  let scale = 1;

  /** @param at the point that stays in place, shares of the frame */
  function zoomTo(wanted: number, [x, y]: readonly [number, number] = [0.5, 0.5]): void {
    const next = Math.min(LARGEST, Math.max(1, wanted));
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = frame;
    const left = ((scrollLeft + x * clientWidth) / scale) * next - x * clientWidth;
    const top = ((scrollTop + y * clientHeight) / scale) * next - y * clientHeight;
    scale = next;
    content.style.width = `${scale * 100}%`;
    frame.scrollTo({ left, top });
    smaller.disabled = scale === 1;
    larger.disabled = scale === LARGEST;
  }

  larger.addEventListener("click", () => zoomTo(scale * STEP));
  smaller.addEventListener("click", () => zoomTo(scale / STEP));
  frame.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const { left, top, width, height } = frame.getBoundingClientRect();
      zoomTo(scale * STEP ** (-event.deltaY / 100), [
        (event.clientX - left) / width,
        (event.clientY - top) / height,
      ]);
    },
    { passive: false },
  );
  zoomTo(1);
  return { frame, controls: element("div", { class: "row" }, [smaller, larger]) };
}
