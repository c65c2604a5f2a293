/** Reads from the lock file which packages `npm ci --omit=dev` may install on supported machines. */
import { readFileSync } from "node:fs";
import { z } from "zod";

const names = z.record(z.string(), z.string()).optional();
const entrySchema = z.object({
  version: z.string().optional(),
  license: z.string().optional(),
  resolved: z.string().optional(),
  link: z.boolean().optional(),
  os: z.array(z.string()).optional(),
  cpu: z.array(z.string()).optional(),
  dependencies: names,
  optionalDependencies: names,
  peerDependencies: names,
});
type Entry = z.infer<typeof entrySchema>;
const lockSchema = z.object({ packages: z.record(z.string(), entrySchema) });

/** One package of the production dependency tree. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string | undefined;
  /** As in its package.json. */
  readonly licence: string | undefined;
}

/** Reads a file of the repository; the path is relative to its root. */
export function readRepositoryFile(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
}

/** The production dependencies in package-lock.json that install on supported machines. */
export function shippedPackages(): ShippedPackage[] {
  const { packages } = lockSchema.parse(JSON.parse(readRepositoryFile("package-lock.json")));
  const found = new Map<string, ShippedPackage>();
  const visit = (path: string): void => {
    const entry = packages[path];
    if (entry === undefined || found.has(path) || !installsOnOurMachines(entry)) return;
    // A link points to a package in the repository.
    const target = entry.link === true ? packages[entry.resolved ?? ""] : entry;
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    if (path !== "") found.set(path, { name, version: target?.version, licence: target?.license });
    const needed = { ...entry.dependencies, ...entry.optionalDependencies, ...entry.peerDependencies };
    for (const dependency of Object.keys(needed)) visit(resolve(dependency, path, packages));
  };
  visit("");
  return [...found.values()];
}

/** Supported machines run Linux on ARM or x86. */
function installsOnOurMachines({ os, cpu }: Entry): boolean {
  const onLinux = os === undefined || os.includes("linux");
  return onLinux && (cpu === undefined || ["arm", "arm64", "x64"].some((name) => cpu.includes(name)));
}

/** Node's rule: the nearest node_modules, from the requiring package outwards. */
function resolve(name: string, from: string, packages: Record<string, Entry>): string {
  const nested = from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`;
  if (from === "" || packages[nested] !== undefined) return nested;
  return resolve(name, from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/"))), packages);
}
