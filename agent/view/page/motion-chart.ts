import { element, setAttributes, svgElement } from "./element.ts";
import type { MotionSecond } from "./insight-protocol.ts";

const SECONDS = 300;
const HEIGHT = 60;

/** Draws the motion of the last minutes, and below it where the detector ran. */
export function motionChart(): { readonly chart: HTMLElement; show(seconds: readonly MotionSecond[]): void } {
  const svg = svgElement("svg", {
    viewBox: `0 0 ${SECONDS} ${HEIGHT + 8}`,
    preserveAspectRatio: "none",
    class: "motion-chart",
    role: "img",
    "aria-label": "Motion",
  });
  const summary = element("p", { class: "details" });
  const chart = element("div", { class: "stack" }, [svg, summary]);
  return {
    chart,
    show(seconds) {
      const end = seconds.at(-1)?.time ?? 0;
      const at = (time: number) => SECONDS - 1 - (end - time);
      const bars = seconds.filter(({ share }) => share > 0);
      const passes = seconds.filter((second) => second.passes > 0);
      // Small motion matters: the square root makes it visible.
      const bar = ({ time, share }: MotionSecond) =>
        `M${at(time)} ${HEIGHT}v-${(Math.sqrt(share) * HEIGHT).toFixed(1)}h1V${HEIGHT}z`;
      svg.replaceChildren(
        svgElement("path", { class: "moved", d: bars.map(bar).join("") }),
        svgElement("path", {
          class: "passes",
          d: passes.map(({ time }) => `M${at(time)} ${HEIGHT + 3}h1v5h-1z`).join(""),
        }),
      );
      const total = passes.reduce((sum, second) => sum + second.passes, 0);
      const text = `Motion in ${bars.length} of the last ${SECONDS} seconds, and ${total} detection passes.`;
      summary.textContent = text;
      setAttributes(svg, { "aria-label": text });
    },
  };
}
