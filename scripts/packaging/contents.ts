import { join } from "node:path";
import { isNeedless } from "./needless.ts";

/** The program's folder on every machine. */
export const PROGRAM = "/usr/lib/sabrewing";

/** Files that dpkg does not overwrite when they have been changed. */
export const CONFFILES: readonly string[] = ["/etc/sabrewing/sabrewing.yml"];

/** Folders that a package is built from. */
export interface Sources {
  /** The repository. */
  readonly root: string;
  /** Output of scripts/build. */
  readonly dist: string;
  /** Node for the target, as in its npm package: bin/node, LICENSE. */
  readonly node: string;
  /** Production dependencies for the target. */
  readonly nodeModules: string;
  /** Detector modules and their licence. */
  readonly models: string;
}

/** A file or folder of the package. */
export interface Entry {
  readonly from: string;
  /** Absolute path on the target. */
  readonly to: string;
  readonly executable?: boolean;
  /** Selects files of the folder to omit, by their path in it. */
  readonly leaveOut?: (path: string) => boolean;
}

/** Everything the package installs. */
export function packageContents({ root, dist, node, nodeModules, models }: Sources): readonly Entry[] {
  const debian = join(root, "scripts/packaging/debian");
  const config = join(root, "config");
  const shell = join(dist, "shell");
  return [
    { from: join(debian, "sabrewing"), to: "/usr/bin/sabrewing", executable: true },
    { from: join(node, "bin/node"), to: `${PROGRAM}/bin/node`, executable: true },
    { from: join(node, "LICENSE"), to: `${PROGRAM}/bin/LICENSE` },
    { from: join(root, "package.json"), to: `${PROGRAM}/package.json` },
    { from: dist, to: `${PROGRAM}/dist`, leaveOut: (path) => path === "shell" },
    { from: nodeModules, to: `${PROGRAM}/node_modules`, leaveOut: isNeedless },
    { from: models, to: `${PROGRAM}/models` },
    { from: join(config, "sabrewing.yml"), to: `${PROGRAM}/config/sabrewing.yml` },
    { from: join(config, "sabrewing.schema.json"), to: `${PROGRAM}/config/sabrewing.schema.json` },
    { from: join(config, "starter.yml"), to: `${PROGRAM}/config/starter.yml` },
    { from: join(config, "starter.yml"), to: "/etc/sabrewing/sabrewing.yml" },
    { from: join(config, "sabrewing.service"), to: "/usr/lib/systemd/system/sabrewing.service" },
    { from: join(shell, "sabrewing.1.gz"), to: "/usr/share/man/man1/sabrewing.1.gz" },
    { from: join(shell, "sabrewing.bash"), to: "/usr/share/bash-completion/completions/sabrewing" },
    { from: join(shell, "_sabrewing"), to: "/usr/share/zsh/vendor-completions/_sabrewing" },
    { from: join(shell, "sabrewing.fish"), to: "/usr/share/fish/vendor_completions.d/sabrewing.fish" },
    { from: join(debian, "copyright"), to: "/usr/share/doc/sabrewing/copyright" },
    { from: join(root, "CHANGELOG.md"), to: "/usr/share/doc/sabrewing/CHANGELOG.md" },
  ];
}

/** The scripts that dpkg runs. */
export function maintainerScripts(root: string): readonly Entry[] {
  return ["postinst", "prerm", "postrm"].map((name) => ({
    from: join(root, "scripts/packaging/debian", name),
    to: `/DEBIAN/${name}`,
    executable: true,
  }));
}
