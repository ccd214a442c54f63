import { describe, expect, test } from 'vitest';

import { openCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { writeSafetensors } from '../../src/checkpoint/safetensors.js';
import { MemoryBytes } from '../../src/core/bytes.js';
import { InputError } from '../../src/core/errors.js';
import { inspectCheckpoint } from '../../src/model/inspect.js';
import { Random } from '../../src/tensor/random.js';
import { CountingBytes, MemoryFolder } from '../support/memory-folder.js';
import { tinyHeads, tinyStateDict } from '../support/tiny-clip.js';
import { writeTorchLegacy, writeTorchScript, writeTorchZip } from '../support/write-torch.js';
import { mutate } from './mutate.js';

const openai = await tinyStateDict('openai');
const huggingface = await tinyStateDict('huggingface');
const sha256 = () => Promise.resolve('');

const weights = writeSafetensors(huggingface);
const config = new TextEncoder().encode(
  JSON.stringify({
    model_type: 'clip',
    projection_dim: 4,
    text_config: {
      hidden_size: 6,
      intermediate_size: 10,
      num_hidden_layers: 1,
      max_position_embeddings: 5,
      vocab_size: 9,
    },
    vision_config: { hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, image_size: 4, patch_size: 2 },
  }),
);
const index = new TextEncoder().encode(
  JSON.stringify({ weight_map: Object.fromEntries([...huggingface.keys()].map((name) => [name, 'w.safetensors'])) }),
);

interface Subject {
  /** The file that is mutated, and opened unless it is a config. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mutations: number;
  /** Valid files beside it. */
  readonly beside: Readonly<Record<string, Uint8Array>>;
}

/** Valid files of every kind, and how often each is mutated. */
const subjects: readonly Subject[] = [
  { name: 'model.safetensors', bytes: weights, mutations: 7000, beside: {} },
  { name: 'pytorch_model.bin', bytes: writeTorchZip(openai), mutations: 6000, beside: {} },
  { name: 'open_clip_pytorch_model.bin', bytes: writeTorchScript(openai), mutations: 2000, beside: {} },
  { name: 'pytorch_model.bin', bytes: writeTorchLegacy(openai), mutations: 6000, beside: {} },
  { name: 'model.safetensors.index.json', bytes: index, mutations: 1000, beside: { 'w.safetensors': weights } },
  { name: 'config.json', bytes: config, mutations: 1000, beside: { 'model.safetensors': weights } },
];

/** Reads everything that can be read of a file; says what is wrong with it, or undefined. */
async function readAll(source: CountingBytes, { name, beside }: Subject): Promise<InputError | undefined> {
  try {
    await using checkpoint = await openCheckpoint(new MemoryFolder('fuzz', { ...beside, [name]: source }), { sha256 });
    await inspectCheckpoint(checkpoint, tinyHeads);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof InputError) return thrown;
    throw thrown;
  }
}

test('the fuzzer makes at least 20,000 files', () => {
  expect(subjects.reduce((sum, { mutations }) => sum + mutations, 0)).toBeGreaterThanOrEqual(20_000);
});

describe.each(subjects)('$mutations mutations of $name', (subject) => {
  const { name, bytes, mutations } = subject;

  test('the file itself is valid', async () => {
    expect(await readAll(new CountingBytes(new MemoryBytes(name, bytes)), subject)).toBeUndefined();
  });

  test('each is read or refused with a typed error, within its own size', { timeout: 300_000 }, async () => {
    const random = Random.stream(20260101, `fuzz/${name}`);
    const heapBefore = process.memoryUsage();
    const outcomes = new Map<string, number>();
    for (let index = 0; index < mutations; index++) {
      const mutated = mutate(random, bytes);
      const source = new CountingBytes(new MemoryBytes(name, mutated));
      const error = await readAll(source, subject).catch((thrown: unknown) => {
        throw new Error(`mutation ${index} of ${name} crashed the reader`, { cause: thrown });
      });
      // no single piece of memory larger than the file, and no byte read more than a few times
      expect(source.largest).toBeLessThanOrEqual(mutated.length);
      expect(source.total).toBeLessThanOrEqual(8 * mutated.length + 4096);
      const outcome = error?.code ?? 'read';
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - heapBefore.arrayBuffers).toBeLessThan(256 * 2 ** 20);
    expect(after.heapUsed - heapBefore.heapUsed).toBeLessThan(256 * 2 ** 20);
    // the mutations reach both sides: some spare the file, most do not
    expect(outcomes.get('read') ?? 0).toBeGreaterThan(0);
    expect(mutations - (outcomes.get('read') ?? 0)).toBeGreaterThan(mutations / 10);
  });
});
