import { z } from 'zod';

import type { FloatType } from '../src/checkpoint/dtype.js';
import { loadClip } from '../src/node/load-clip.js';
import { checkpointForms, convertCheckpoint, type ConvertResult } from '../src/run/convert-checkpoint.js';
import { defineCommand } from './command.js';
import { modelShape } from './model-options.js';
import type { Format } from './output.js';

const floats: Readonly<Record<'keep' | 'fp32' | 'fp16' | 'bf16', FloatType | undefined>> = {
  keep: undefined,
  fp32: 'float32',
  fp16: 'float16',
  bf16: 'bfloat16',
};

export const convert = defineCommand({
  name: 'convert',
  summary:
    'write a checkpoint under the names of OpenAI, open_clip or Hugging Face, as safetensors, pickles unexecuted',
  options: z.object({
    ...modelShape,
    to: z.enum(checkpointForms).describe('whose names, shapes and config; openai has no config, and is one file'),
    out: z.string().describe('what to write: a new or empty folder; for openai a new file that ends in .safetensors'),
    dtype: z
      .enum(['keep', 'fp32', 'fp16', 'bf16'])
      .default('keep')
      .describe('what weights are stored as; keep leaves their bits as they are'),
    untold: z
      .enum(['refuse', 'note'])
      .default('refuse')
      .describe('what to do about settings that the files of the form have no place for'),
  }),
  examples: [
    {
      description: 'a pickle that nobody vouches for, as safetensors with its config',
      command: 'convert --model epoch_5.pt --to huggingface --out clip-epoch-5',
    },
    {
      description: "weights that OpenAI's code takes, in float32",
      command: 'convert --model hf:openai/clip-vit-base-patch32 --to openai --out vit-b-32.safetensors --dtype fp32',
    },
    { description: 'a folder for open_clip', command: 'convert --model clip --to open_clip --out clip-open' },
  ],
  async run({ progress, signal, note }, { model, to, out, dtype, untold, ...architecture }) {
    await using clip = await loadClip(model, { ...architecture, progress, signal, note });
    for (const line of clip.notes) note(`${model}: ${line}`);
    const float = floats[dtype];
    const result = await convertCheckpoint({
      clip,
      to,
      out,
      untold,
      progress,
      signal,
      ...(float === undefined ? {} : { float }),
    });
    for (const line of result.untold) note(`not in the files: ${line}`);
    for (const line of result.notes) note(line);
    return { data: { form: to, ...result }, text: (format) => describe(result, format) };
  },
});

function describe({ out, files, dtypes }: ConvertResult, { colors, table }: Format): string {
  const stored = Object.entries(dtypes).map(([dtype, tensors]) => `${tensors} ${dtype}`);
  return [
    table(
      ['file', 'bytes', 'sha256'],
      files.map(({ path, bytes, sha256 }) => [path, bytes, sha256]),
    ),
    `${colors.bold('tensors')}  ${stored.join(', ')}`,
    `${colors.bold('written')}  ${out}`,
  ].join('\n');
}
