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

/** Valid files of every kind, and how often each is mutated. */
const subjects = [
  { name: 'model.safetensors', bytes: writeSafetensors(huggingface), mutations: 7000 },
  { name: 'zip.pt', bytes: writeTorchZip(openai), mutations: 6000 },
  { name: 'script.pt', bytes: writeTorchScript(openai), mutations: 3000 },
  { name: 'legacy.pt', bytes: writeTorchLegacy(openai), mutations: 6000 },
] as const;

/** Reads everything that can be read of a file; says what is wrong with it, or undefined. */
async function readAll(source: CountingBytes, file: string): Promise<InputError | undefined> {
  try {
    await using checkpoint = await openCheckpoint(new MemoryFolder('fuzz', { [file]: source }), { file, sha256 });
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

describe.each(subjects)('$mutations mutations of $name', ({ name, bytes, mutations }) => {
  test('the file itself is valid', async () => {
    expect(await readAll(new CountingBytes(new MemoryBytes(name, bytes)), name)).toBeUndefined();
  });

  test('each is read or refused with a typed error, within its own size', { timeout: 300_000 }, async () => {
    const random = Random.stream(20260101, `fuzz/${name}`);
    const heapBefore = process.memoryUsage();
    const outcomes = new Map<string, number>();
    for (let index = 0; index < mutations; index++) {
      const mutated = mutate(random, bytes);
      const source = new CountingBytes(new MemoryBytes(name, mutated));
      const error = await readAll(source, name).catch((thrown: unknown) => {
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
    expect((outcomes.get('malformed') ?? 0) + (outcomes.get('hostile') ?? 0)).toBeGreaterThan(mutations / 10);
  });
});
