/** Where tests find models and media: the same places as the scripts. Tests are skipped where they are absent. */
export { findMedia, findModel } from "../../../scripts/materials.ts";
