import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** A tensor as its file has it. */
export interface PlainTensor {
  /** The format's name: `F16`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.number()),
  data_offsets: z.tuple([z.number(), z.number()]),
});

/** A safetensors file read without anything of the project: length, JSON, slices. */
export async function readPlainly(file: string): Promise<Map<string, PlainTensor>> {
  const bytes = await readFile(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = z.record(z.string(), z.unknown()).parse(JSON.parse(bytes.toString('utf8', 8, start)));
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return new Map(
    tensors.map(([name, entry]) => {
      const { dtype, shape, data_offsets: [begin, end] } = entrySchema.parse(entry); // prettier-ignore
      return [name, { dtype, shape, bytes: bytes.subarray(start + begin, start + end) }];
    }),
  );
}
