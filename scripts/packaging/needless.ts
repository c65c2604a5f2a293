import { basename, sep } from "node:path";

/** Types, source maps, C++ and TypeScript sources, documents: files that the running program never opens. */
const NEEDLESS_ENDING = /\.(map|ts|mts|cts|tsx|flow|md|markdown|cc|cpp|c|h|hh|gyp|gypi)$/i;
/** Only at the top of an npm package: deeper such a folder may hold code (yaml has a `doc`). */
const NEEDLESS_FOLDER =
  /^(tests?|__tests__|examples?|benchmarks?|docs?|coverage|man|\.github|\.vscode|\.husky)$/;
/** Legal texts, which must be distributed with a package. */
const LEGAL = /^(licen[cs]e|copying|copyright|notice|authors|patents|third[-_]party)/i;
/** Browser builds of packages that the agent runs in Node. The live view needs that of JSMpeg. */
const FOR_BROWSERS: readonly RegExp[] = [
  /^mqtt\/dist($|\/)/,
  /^protobufjs\/dist($|\/)/,
  /^@wasmer\/sdk\/dist\/(browser|service)-worker/,
];
/** npm's metadata, programs of packages, and packages with types only. */
const NEEDLESS_PACKAGE = /^(\.bin|\.package-lock\.json|@types)($|\/)/;

/**
 * Whether a file or folder of `node_modules` is left out of the package.
 * @param path below node_modules, `mqtt/dist/mqtt.min.js`
 */
export function isNeedless(path: string): boolean {
  const parts = path.split(sep);
  const inPackage = parts.slice(path.startsWith("@") ? 2 : 1);
  if (NEEDLESS_PACKAGE.test(path) || FOR_BROWSERS.some((pattern) => pattern.test(path))) return true;
  if (LEGAL.test(basename(path))) return false;
  return NEEDLESS_FOLDER.test(inPackage[0] ?? "") || NEEDLESS_ENDING.test(basename(path));
}
