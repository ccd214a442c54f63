// @ts-check
// Writes a checkpoint with random weights, to measure with: node scripts/random-checkpoint.mjs vit-b-32 FOLDER
import { mkdir } from 'node:fs/promises';

import { namedArchitectures } from '../dist/src/model/architecture.js';
import { randomWeights } from '../dist/src/model/weights.js';
import { writeCheckpoint } from '../dist/src/run/write-checkpoint.js';

const [name, folder] = process.argv.slice(2);
const found = Object.entries(namedArchitectures).find(([known]) => known === name);
if (found === undefined || folder === undefined) {
  console.error(`usage: random-checkpoint.mjs ${Object.keys(namedArchitectures).join('|')} FOLDER`);
  process.exit(2);
}
await mkdir(folder, { recursive: true });
await writeCheckpoint(folder, randomWeights(found[1], 0));
