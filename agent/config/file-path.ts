import { homedir } from "node:os";
import { z } from "zod";

const OTHER_HOME = /^~[^/]/;

/** The name of a file or folder. `~` is the home folder of the user that runs the agent. */
export const FilePathSchema = z
  .string()
  .min(1)
  .refine((path) => !OTHER_HOME.test(path), {
    error: "a path; only ~ alone or before a slash stands for a home folder: write the whole path",
  })
  .overwrite((path) => (path === "~" || path.startsWith("~/") ? `${homedir()}${path.slice(1)}` : path));
