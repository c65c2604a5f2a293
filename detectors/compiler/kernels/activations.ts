/** Kernels of activations. */
import type { activations } from "../ops/activations.ts";
import { activationKernel, elementwiseKernel, functionKernel, needed } from "./elementwise.ts";
import { prepareExp, prepareSoftplus } from "./functions.ts";
import type { Kernel } from "./kernel.ts";
import { broadcast } from "./loops.ts";
import { prepareOnePlusExpMinus } from "./sigmoid.ts";

const sigmoidKernel = elementwiseKernel<"sigmoid">((code, _, { target }) => {
  const one = broadcast(code, 1);
  const onePlusExpMinus = prepareOnePlusExpMinus(code, target);
  return ([x]) => {
    code.get(one).get(needed(x));
    onePlusExpMinus();
    code.op("f32x4.div");
  };
});

const hardSigmoidKernel = elementwiseKernel<"hard_sigmoid">((code, { attributes }) => {
  const [alpha, beta] = [broadcast(code, attributes.alpha), broadcast(code, attributes.beta)];
  const [zero, one] = [broadcast(code, 0), broadcast(code, 1)];
  return ([x]) => {
    code.get(needed(x)).get(alpha).op("f32x4.mul").get(beta).op("f32x4.add");
    code.get(zero).op("f32x4.max").get(one).op("f32x4.min");
  };
});

const eluKernel = elementwiseKernel<"elu">((code, { attributes }) => {
  const { alpha, gamma } = attributes;
  const [zero, one, scale] = [broadcast(code, 0), broadcast(code, 1), broadcast(code, gamma)];
  const below = broadcast(code, gamma * alpha);
  const exp = prepareExp(code);
  return ([x]) => {
    const value = needed(x);
    code.get(value).get(scale).op("f32x4.mul");
    exp(value);
    code.get(one).op("f32x4.sub").get(below).op("f32x4.mul");
    code.get(value).get(zero).op("f32x4.gt").op("v128.bitselect");
  };
});

/** The kernels of all activations. The type fails to compile when one has none. */
export const activationKernels: { readonly [K in keyof typeof activations]: Kernel<K> } = {
  sigmoid: sigmoidKernel,
  silu: activationKernel(),
  relu: activationKernel(),
  relu6: activationKernel(),
  hard_swish: activationKernel(),
  leaky_relu: activationKernel(),
  hard_sigmoid: hardSigmoidKernel,
  elu: eluKernel,
  softplus: functionKernel(prepareSoftplus),
};
