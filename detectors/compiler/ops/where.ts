import { inferSame, NUMERIC } from "./elementwise.ts";
import { ANY, hull } from "./interval.ts";
import { ELEMENTWISE_FACTS, type NoAttributes, type OperatorDefinition } from "./operator.ts";
import { checkInputCount, ShapeError, showType, tensorAt } from "./shapes.ts";
import { broadcastShape, broadcastStrides, gathered, rowMajorStrides } from "./tensors.ts";

/** ONNX Where-16: y = a where the condition is true, else b. Inputs: condition (bool), a, b. */
export const where: OperatorDefinition<NoAttributes> = {
  ...ELEMENTWISE_FACTS,
  infer(inputs) {
    checkInputCount(inputs, 3, 3);
    const [condition, ...choices] = inputs;
    if (condition?.dtype !== "bool") {
      throw new ShapeError(
        `expected bool as input 0, received ${condition ? showType(condition) : "nothing"}`,
      );
    }
    const { dtype, shape } = inferSame(choices, 2, [...NUMERIC, "bool"]);
    return { dtype, shape: broadcastShape([condition.shape, shape]) };
  },
  range: ([, a = ANY, b = ANY]) => hull(a, b),
  reference(inputs) {
    const [condition, a, b] = [0, 1, 2].map((index) => tensorAt(inputs, index));
    if (!condition || !a || !b) throw new ShapeError("where has three inputs");
    const shape = broadcastShape([condition.shape, a.shape, b.shape]);
    const repeat = (x: typeof a) =>
      gathered(x, shape, broadcastStrides(x.shape, rowMajorStrides(x.shape), shape));
    const [chosen, yes, no] = [repeat(condition), repeat(a), repeat(b)];
    return { shape, data: yes.data.map((value, at) => (chosen.data[at] ? value : (no.data[at] ?? 0))) };
  },
};
