import {
  describeSource,
  downloadBytes,
  KNOWN_MODELS,
  type KnownModel,
  locateModel,
  type ModelPlaces,
} from "../../../detectors/detector.ts";
import { plainJson } from "../../base/plain-text.ts";
import { showMegabytes } from "../shared/module-report.ts";
import { showSize } from "../shared/size-option.ts";

/** A known model and the path of its weights, if they are on this machine. */
export interface ListedModel {
  readonly known: KnownModel;
  readonly path: string | undefined;
}

/** Looks for the weights of every known model in the usual folders. */
export async function locateModels(places: ModelPlaces): Promise<ListedModel[]> {
  return await Promise.all(
    KNOWN_MODELS.map(async (known) => ({ known, path: await locateModel(known, places) })),
  );
}

const HEADINGS = ["name", "download", "input", "labels", "mAP", "licence", "here", "from"];

/** A table for people, with footnotes. */
export function modelTable(models: readonly ListedModel[]): string {
  const cells = [HEADINGS, ...models.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, "", ...footnotes(models)].join("\n");
}

function cellsOf({ known, path }: ListedModel): string[] {
  const { name, input, labels, accuracy, licence, source } = known;
  const map = accuracy === undefined ? "–" : `${accuracy.map.toFixed(1)}${accuracy.note ? "*" : ""}`;
  const size = showMegabytes(downloadBytes(known));
  const here = path === undefined ? "no" : "yes";
  return [name, size, showSize(input), `${labels.length}`, map, licence.id, here, describeSource(source)];
}

function footnotes(models: readonly ListedModel[]): string[] {
  const measured = models.flatMap(({ known }) => known.accuracy ?? []);
  const datasets = [...new Set(measured.map(({ dataset }) => dataset))].join(", ");
  const notes = models.flatMap(({ known: { name, accuracy } }) =>
    accuracy?.note === undefined ? [] : [`* ${name}: ${accuracy.note}`],
  );
  return [`mAP: percent, IoU 0.50:0.95, on ${datasets}, as published`, ...notes];
}

/** The same for scripts: a JSON line per model. */
export function modelLine({ known, path }: ListedModel): string {
  const { name, files, source, licence, input, labels, accuracy } = known;
  return plainJson({
    name,
    download_bytes: downloadBytes(known),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    input,
    labels,
    accuracy: accuracy ?? null,
    licence: { id: licence.id, holder: licence.holder, url: licence.url, terms: licence.terms },
    from: describeSource(source),
    sha256: files[0].sha256,
    path: path ?? null,
  });
}
