import { lowerToOnnx } from '../graph/onnx/lower.js';
import { promptGraph, type FoldedPrompt, type FoldedPrompts } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime } from '../runtime/session.js';
import type { Tensor } from '../tensor/tensor.js';

/** Deep visual prompts by block number d = D … L − 1, each [b, W]. */
export type VisualPrompts = ReadonlyMap<number, Tensor>;

/**
 * Turns prompts into the keys and values that their blocks attend to. These are the same for every image, so a
 * defended model costs a slightly longer attention and nothing else.
 */
export async function foldPrompts(
  runtime: Runtime,
  weights: ClipWeights,
  prompts: VisualPrompts,
): Promise<FoldedPrompts> {
  const folded = new Map<number, FoldedPrompt>();
  for (const [d, prompt] of prompts) {
    const graph = promptGraph(weights, d, prompt.shape[0]);
    await using session = await runtime.compile(lowerToOnnx(graph, runtime.provider));
    const { keys, values } = await session.run({ prompts: prompt });
    folded.set(d, { keys, values });
  }
  return folded;
}
