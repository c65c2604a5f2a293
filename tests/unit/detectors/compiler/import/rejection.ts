import { ModelError } from "../../../../../detectors/errors.ts";

/** The ModelError that a promise is rejected with; any other outcome fails the test. */
export async function rejection(promise: Promise<unknown>): Promise<ModelError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error("expected a ModelError");
}
