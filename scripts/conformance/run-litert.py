"""Runs models by LiteRT's reference kernels. Needs the package ai-edge-litert 2.3.0 from PyPI.

Usage: run-litert.py FOLDER. For each N.tflite in FOLDER, reads N.input0, N.input1, ... and writes N.output, or the error to
N.error.
"""

import glob
import os
import sys

import numpy
from ai_edge_litert.interpreter import Interpreter, OpResolverType

for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.tflite"))):
    name = path[: -len(".tflite")]
    try:
        interpreter = Interpreter(
            model_path=path, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
        )
        interpreter.allocate_tensors()
        for index, detail in enumerate(interpreter.get_input_details()):
            data = numpy.fromfile(f"{name}.input{index}", detail["dtype"])
            interpreter.set_tensor(detail["index"], data.reshape(detail["shape"]))
        interpreter.invoke()
        output = interpreter.get_output_details()[0]
        interpreter.get_tensor(output["index"]).tofile(f"{name}.output")
    except (RuntimeError, ValueError) as error:
        with open(f"{name}.error", "w", encoding="utf-8") as file:
            file.write(str(error))
