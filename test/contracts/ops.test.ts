import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { gradients } from '../../src/graph/autodiff.js';
import { lowerToOnnx } from '../../src/graph/onnx/lower.js';
import * as ops from '../../src/graph/ops/index.js';
import { opTable } from '../../src/graph/ops/table.js';
import { printGraph } from '../../src/graph/print.js';
import type { Value } from '../../src/graph/value.js';
import { OnnxRuntime } from '../../src/node/onnx-runtime.js';
import { evaluateReference, referenceFeeds } from '../../src/runtime/reference.js';
import { sizeOf } from '../../src/tensor/shape.js';
import { drawCase, drawFrom, relativeError, withElement } from '../support/draw.js';
import { webgpuRuntime } from '../support/webgpu.js';

const seed = 20260101;

/** A scalar that depends on every output element with a weight of its own. */
function weightedSum(output: Value): Value {
  const weights = Float32Array.from({ length: sizeOf(output.shape) }, (_, i) => Math.sin(i + 1));
  const weighted = ops.mul(output, output.graph.constant('weights', output.shape, weights));
  return ops.reshape(
    ops.reduceSum(
      weighted,
      output.shape.map((_, axis) => axis),
    ),
    [],
  );
}

const cpu = new OnnxRuntime({ threads: 1 });
const webgpu = webgpuRuntime();
const webgpuWithFallback = webgpuRuntime({ forbidFallback: false });
/** Ops that the WebGPU provider leaves to the CPU, as their files say; no tuning step uses one. */
const leftToCpu = new Set(['ScatterAdd', 'Cast', 'FirstPlaces', 'RowOfLargest']);

describe.each(opTable)('$name', (entry) => {
  test.each([cpu, ...(leftToCpu.has(entry.name) ? webgpuWithFallback : webgpu)])(
    'equals its float64 reference on $device',
    async (runtime) => {
      await fc.assert(
        fc.asyncProperty(fc.gen(), async (generate) => {
          const { outputs, feeds } = drawCase(generate, entry.sample(drawFrom(generate)));
          const named = Object.fromEntries(outputs.map((output, i) => [`y${i}`, output]));
          await using session = await runtime.compile(lowerToOnnx(named, runtime.provider));
          const got = await session.run(feeds);
          const expected = await evaluateReference(named, referenceFeeds(feeds));
          for (const [name, tensor] of Object.entries(expected)) {
            expect(got[name].shape).toEqual(tensor.shape);
            expect(relativeError(got[name].data, tensor.data), `${name} of\n${printGraph(outputs)}`).toBeLessThan(2e-5);
          }
        }),
        { seed, numRuns: runtime.device === 'cpu' ? 30 : 6, endOnFailure: true },
      );
    },
  );

  test('equals it in standard operators alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (generate) => {
        const { outputs, feeds } = drawCase(generate, entry.sample(drawFrom(generate)));
        const named = Object.fromEntries(outputs.map((output, i) => [`y${i}`, output]));
        const program = lowerToOnnx(named, 'portable');
        expect(program.nodes.filter(({ domain }) => domain !== '')).toEqual([]);
        await using session = await cpu.compile(program);
        const got = await session.run(feeds);
        for (const [name, tensor] of Object.entries(await evaluateReference(named, referenceFeeds(feeds)))) {
          expect(relativeError(got[name].data, tensor.data), `${name} of\n${printGraph(outputs)}`).toBeLessThan(2e-5);
        }
      }),
      { seed, numRuns: 6, endOnFailure: true },
    );
  });

  test.runIf(entry.differentiable)('has the gradient that finite differences give', async () => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (generate) => {
        const { inputs, outputs, feeds } = drawCase(generate, entry.sample(drawFrom(generate)));
        const loss = weightedSum(outputs[0]);
        const sources = inputs.filter((input) => input.dtype === 'float32');
        const named = Object.fromEntries(gradients(loss, sources).map((gradient, i) => [`g${i}`, gradient]));
        const at = referenceFeeds(feeds);
        const analytic = await evaluateReference(named, at);
        for (const [i, source] of sources.entries()) {
          if (source.origin.kind !== 'input') continue;
          const { name } = source.origin;
          expect(analytic[`g${i}`].shape).toEqual(source.shape);
          const numeric: number[] = [];
          for (let element = 0; element < at[name].data.length; element++) {
            const step = 1e-5;
            const lossAt = async (change: number): Promise<number> => {
              const moved = { ...at, [name]: withElement(at[name], element, change) };
              return (await evaluateReference({ loss }, moved))['loss'].data[0];
            };
            numeric.push(((await lossAt(step)) - (await lossAt(-step))) / (2 * step));
          }
          expect(relativeError(analytic[`g${i}`].data, numeric), printGraph([loss])).toBeLessThan(1e-6);
        }
      }),
      { seed, numRuns: 25, endOnFailure: true },
    );
  });
});
