import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

import type { ClipArchitecture } from '../../src/model/architecture.js';
import { randomWeights } from '../../src/model/weights.js';
import { writeCheckpoint } from '../../src/run/write-checkpoint.js';
import { Random } from '../../src/tensor/random.js';

const tower = { width: 64, layers: 1, heads: 1, mlpWidth: 128, activation: 'quick_gelu', normEpsilon: 1e-5 } as const;

/** A CLIP that trains in seconds: it sees 16 pixels and reads 32 bytes. */
export const smallArchitecture: ClipArchitecture = {
  vision: { ...tower, imageSize: 16, patchSize: 4 },
  text: { ...tower, contextLength: 32, vocabularySize: 258, endOfText: { kind: 'argmax' } },
  embedDim: 16,
};

/** Writes its random weights as a model folder without a tokenizer, so that texts go in as bytes. */
export async function writeSmallClip(folder: string, seed = 0): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeCheckpoint(folder, randomWeights(smallArchitecture, seed));
}

const colors = { blue: [40, 40, 230], green: [40, 220, 40], red: [230, 40, 40], yellow: [230, 220, 40] } as const;
export const colorNames = Object.keys(colors);

/** Writes an image folder of noisy squares of one colour: `<colour>/<i>.png`, `count` a colour. */
export async function writeColors(folder: string, count: number, seed: number): Promise<void> {
  for (const [name, color] of Object.entries(colors)) {
    await mkdir(path.join(folder, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      const random = Random.stream(seed, `colors/${name}/${i}`);
      const noisy = Uint8ClampedArray.from({ length: 16 * 16 * 3 }, (_, at) => color[at % 3] + 25 * random.normal());
      const png = await sharp(noisy, { raw: { width: 16, height: 16, channels: 3 } })
        .png()
        .toBuffer();
      await writeFile(path.join(folder, name, `${i}.png`), png);
    }
  }
}
