// @ts-check
// What visual prompts cost in transformers.js, and what exports weigh: node scripts/export-bench.mjs
// Writes a CLIP with random weights, exports it without and with prompts of the paper's shape (random too: no timing
// depends on values), and times the two vision models by turns. 4 GB of disk, a few minutes.
import { mkdtemp, rm, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { CLIPVisionModelWithProjection, env, Tensor } from '@huggingface/transformers';

import { exportDtypes } from '../dist/src/export/export-dtype.js';
import { namedArchitectures } from '../dist/src/model/architecture.js';
import { randomWeights } from '../dist/src/model/weights.js';
import { loadClip } from '../dist/src/node/load-clip.js';
import { exportOnnx } from '../dist/src/run/export-onnx.js';
import { writeCheckpoint } from '../dist/src/run/write-checkpoint.js';
import { Random } from '../dist/src/tensor/random.js';
import { tensor } from '../dist/src/tensor/tensor.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    threads: { type: 'string', default: '1' },
    batch: { type: 'string', default: '8' },
    depth: { type: 'string', default: '3' },
    tokens: { type: 'string', default: '50' },
    dtype: { type: 'string', multiple: true, default: ['fp32'] },
  },
});
const [rounds, threads, batch, depth, tokens] = [
  values.rounds,
  values.threads,
  values.batch,
  values.depth,
  values.tokens,
].map(Number);
const architecture = namedArchitectures['vit-b-32'];
const { imageSize, width, layers } = architecture.vision;

env.allowRemoteModels = false;

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** @param {readonly number[]} shape @param {string} name @param {number} deviation */
function normal(shape, name, deviation) {
  const random = Random.stream(0, name);
  const out = tensor(shape);
  out.data.forEach((_, i) => (out.data[i] = deviation * random.normal()));
  return out;
}

/**
 * Milliseconds an image: on the clock, and of processor time, which others on the machine disturb less.
 * @param {CLIPVisionModelWithProjection} model @param {Float32Array} pixels
 */
async function timed(model, pixels) {
  const pixel_values = new Tensor('float32', pixels, [batch, 3, imageSize, imageSize]);
  const [start, used] = [performance.now(), process.cpuUsage()];
  const { image_embeds } = await model({ pixel_values });
  const { user, system } = process.cpuUsage(used);
  const wall = performance.now() - start;
  image_embeds.dispose();
  return { wall: wall / batch, processor: (user + system) / 1000 / batch };
}

const folder = await mkdtemp(path.join(tmpdir(), 'rvpt-export-bench-'));
try {
  const checkpoint = path.join(folder, 'checkpoint');
  await mkdir(checkpoint);
  await writeCheckpoint(checkpoint, randomWeights(architecture, 0));
  const clip = await loadClip(checkpoint);
  const prompts = new Map();
  for (let d = depth; d < layers; d++) prompts.set(d, normal([tokens, width], `prompts/${d}`, 0.02));

  const [plain, defended] = ['plain', 'defended'].map((name) => path.join(folder, name));
  const started = performance.now();
  const { record } = await exportOnnx({ clip, out: plain, dtypes: exportDtypes });
  const exported = (performance.now() - started) / 1000;
  const { record: defendedRecord } = await exportOnnx({ clip, out: defended, prompts, dtypes: exportDtypes });
  await clip[Symbol.asyncDispose]();

  const [fp32] = record.dtypes;
  console.log(`ViT-B/32, D = ${depth}, b = ${tokens}; exported in ${exported.toFixed(0)} s`);
  record.dtypes.forEach(({ dtype, bytes }, i) => {
    const share = ((100 * bytes) / fp32.bytes).toFixed(1);
    const more = ((defendedRecord.dtypes[i].bytes - bytes) / 1e6).toFixed(1);
    console.log(`${dtype}: model.onnx ${(bytes / 1e6).toFixed(1)} MB, ${share} % of fp32; prompts add ${more} MB`);
  });

  for (const dtype of values.dtype) {
    const options = {
      dtype: exportDtypes.find((known) => known === dtype) ?? 'fp32',
      session_options: { intraOpNumThreads: threads },
    };
    const models = [
      await CLIPVisionModelWithProjection.from_pretrained(plain, options),
      await CLIPVisionModelWithProjection.from_pretrained(defended, options),
    ];
    const { data } = normal([batch, 3, imageSize, imageSize], 'pixels', 1);
    for (const model of models) await timed(model, data); // memory is taken at the first run
    /** @type {Awaited<ReturnType<typeof timed>>[][]} without and with prompts, a round each */
    const taken = [];
    for (let round = 0; round < rounds; round++) {
      // the second of a pair must not be the same one each time: speed drifts
      const first = round % 2;
      const one = await timed(models[first], data);
      const other = await timed(models[1 - first], data);
      taken.push(first === 0 ? [one, other] : [other, one]);
    }
    console.log(`${dtype}, vision model, batches of ${batch}, ${threads} thread(s), medians of ${rounds} rounds:`);
    for (const kind of /** @type {const} */ (['wall', 'processor'])) {
      const [a, b] = [0, 1].map((which) => median(taken.map((pair) => pair[which][kind])));
      const ratios = taken.map(([one, other]) => other[kind] / one[kind]).sort((x, y) => x - y);
      const quartile = (/** @type {number} */ share) => ratios[Math.floor(share * (rounds - 1))].toFixed(3);
      console.log(
        `  ${kind} time: ${a.toFixed(2)} ms an image, defended ${b.toFixed(2)} ms; ` +
          `ratio ${quartile(0.5)} (quartiles ${quartile(0.25)} … ${quartile(0.75)})`,
      );
    }
    for (const model of models) await model.dispose();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
