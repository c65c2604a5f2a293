/**
 * An awk program that prints the names of the cameras in a configuration: the keys one level below `cameras:`. It reads the
 * usual form only, one key per line, and is much faster than the YAML library.
 */
export const CAMERA_NAMES = [
  "/^[^ #]/ { inside = /^cameras:/; indent = 0 }",
  "inside && match($0, /^ +[A-Za-z0-9_-]+:/) {",
  "match($0, /^ +/);",
  "if (!indent) indent = RLENGTH;",
  'if (RLENGTH == indent) { sub(/^ +/, ""); sub(/:.*/, ""); print }',
  "}",
].join(" ");
