/** Tests find models and media in the same places as the scripts. Tests that need missing ones are skipped. */
export { findMedia, findModel, findZoo } from "../../../scripts/materials.ts";
