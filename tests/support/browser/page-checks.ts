import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";

/** Screenshots for manual review: out/live-view/*.png */
export async function photograph(page: Page, name: string): Promise<void> {
  mkdirSync("out/live-view", { recursive: true });
  await page.screenshot({ path: join("out/live-view", `${name}.png`), fullPage: true });
}

/** The violations that axe finds (WCAG 2.2 A and AA, and best practices). */
export async function barriers(page: Page): Promise<readonly string[]> {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  // Evaluated by the debugger, which the page's security policy does not restrict.
  await page.evaluate(axe);
  const { violations } = await page.evaluate("axe.run()").then((result) => Object(result));
  return violations.map(
    ({ id, nodes }: { id: string; nodes: readonly { html: string }[] }) =>
      `${id}: ${nodes.map(({ html }) => html).join(" ")}`,
  );
}

/** The elements that reach out of the window or of their parent, unless they scroll, as inputs do. */
export async function overflowing(page: Page): Promise<readonly string[]> {
  const found: unknown = await page.evaluate(`[...document.body.querySelectorAll("*")]
    .filter((element) => element.checkVisibility() && !element.closest(".hidden, svg, .canvas, input"))
    .filter((element) => {
      const scrolls = (node) => node && (/auto|scroll/.test(getComputedStyle(node).overflowX) || scrolls(node.parentElement));
      const { left, right } = element.getBoundingClientRect();
      const spills = element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
      const isOutside = right > document.documentElement.clientWidth + 1 || left < -1;
      return !scrolls(element.parentElement) && (isOutside || (spills && !scrolls(element)));
    })
    .map((element) => element.outerHTML.slice(0, 120))`);
  return Array.isArray(found) ? found.map(String) : [];
}
