import type { Mapping } from "../../../base/mapping.ts";
import { mergedSection } from "../../../config/global-sections.ts";
import { isInPixels, polygonsOf } from "./areas.ts";
import { mappingOf, namesOf } from "./values.ts";

/** A mask in pixels at the top of the file covers another area of each camera, so it becomes a mask of each camera. */
function hasPixels(mask: unknown): boolean {
  return polygonsOf(mask).some(isInPixels);
}

/** A section at the top without its masks in pixels. */
export function withoutPixelMasks(section: unknown): Mapping {
  const { mask, filters, ...others } = mappingOf(section);
  return {
    ...others,
    ...(mask === undefined || hasPixels(mask) ? {} : { mask }),
    ...(filters === undefined ? {} : { filters: eachFilter(filters, withoutPixelMasks) }),
  };
}

/** A section of a camera with the masks in pixels from the top of the file, and with all parts of its own masks. */
export function withPixelMasks(common: unknown, own: unknown): Mapping {
  const [below, above] = [mappingOf(common), mappingOf(own)];
  const whole = mappingOf(mergedSection(below, above));
  const tracked = namesOf(whole.track) ?? ["person"];
  const inherited = Object.entries(mappingOf(below.filters)).filter(
    ([label, filter]) => tracked.includes(label) && hasPixels(mappingOf(filter).mask),
  );
  const filters = eachFilter(
    { ...Object.fromEntries(inherited.map(([label]) => [label, {}])), ...mappingOf(above.filters) },
    (filter, label) => withMask(mappingOf(mappingOf(below.filters)[label]), filter),
  );
  return { ...withMask(below, above), ...(Object.keys(filters).length === 0 ? {} : { filters }) };
}

/** Masks with names (since 0.18) of both sections are one mask. */
function withMask(common: Mapping, own: Mapping): Mapping {
  if (own.mask === undefined && !hasPixels(common.mask)) return own;
  return { ...own, mask: mergedSection(common.mask, own.mask) };
}

function eachFilter(filters: unknown, change: (filter: Mapping, label: string) => Mapping): Mapping {
  const changed = Object.entries(mappingOf(filters)).map(([label, filter]) => [
    label,
    change(mappingOf(filter), label),
  ]);
  return Object.fromEntries(changed);
}
