import { openSafetensors } from '../../src/checkpoint/safetensors.js';
import { loadWeights } from '../../src/model/load-weights.js';
import type { ClipWeights } from '../../src/model/weights.js';
import { FileBytes } from '../../src/node/files.js';
import { openCheckpointAt } from '../../src/node/open-checkpoint.js';
import type { Tensor } from '../../src/tensor/tensor.js';

const folder = new URL('../golden/clip-tiny/', import.meta.url).pathname;

/** The small CLIP with random weights; its file stays open until the process ends. */
export async function goldenWeights(): Promise<ClipWeights> {
  return loadWeights(await openCheckpointAt(`${folder}hf`)).weights;
}

/** Reference values of OpenAI's CLIP and of RVPT in float64, see test/golden/README.md. */
export class Golden {
  readonly #tensors: ReadonlyMap<string, Tensor>;

  private constructor(tensors: ReadonlyMap<string, Tensor>) {
    this.#tensors = tensors;
  }

  static async open(): Promise<Golden> {
    await using source = await FileBytes.open(`${folder}golden.safetensors`);
    const tensors = new Map<string, Tensor>();
    for (const [name, stored] of (await openSafetensors(source)).tensors) {
      tensors.set(name, { shape: stored.shape, data: await stored.read() });
    }
    return new Golden(tensors);
  }

  get names(): string[] {
    return [...this.#tensors.keys()];
  }

  get(name: string): Tensor {
    const found = this.#tensors.get(name);
    if (found === undefined) throw new Error(`golden: no ${name} among ${this.names.join(', ')}`);
    return found;
  }

  scalar(name: string): number {
    return this.get(name).data[0];
  }
}
