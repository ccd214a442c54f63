// @ts-check
// What a step of pretraining the mini-CLIP costs, with half of the patches dropped and with all of them: whole steps of
// `rvpt pretrain`, from rendering to AdamW, by turns with the bare MatMul that `rvpt bench` holds its rates against.
// Usage: npm run bench:pretraining [-- --rounds 9 --steps 40]
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { matMulFlop } from '../dist/src/graph/flop.js';
import { patchCount } from '../dist/src/model/architecture.js';
import { endOfTextMask } from '../dist/src/model/end-of-text.js';
import { tokenizerFromJson } from '../dist/src/model/tokenizer.js';
import { OnnxRuntime } from '../dist/src/node/onnx-runtime.js';
import { MatMulProbe, spread } from '../dist/src/run/bench-probe.js';
import { pretrain } from '../dist/src/run/pretrain.js';
import { worldPretrainingPairs } from '../dist/src/run/world-pretraining.js';
import { contrastiveGraph } from '../dist/src/training/contrastive-graph.js';
import { tokensUsed } from '../dist/src/training/contrastive-trainer.js';
import { initialWeights } from '../dist/src/training/initial-weights.js';
import {
  keptPatchCount,
  pretrainingArchitecture,
  pretrainingSchema,
} from '../dist/src/training/pretraining-settings.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, steps: { type: 'string', default: '40' } },
});
const [rounds, stepsPerRound] = [Number(values.rounds), Number(values.steps)];
/** Steps before the first round: a graph is compiled for every length of text, and most lengths come up in them. */
const warm = 40;

const runtime = new OnnxRuntime();
const pairs = await worldPretrainingPairs(0);
const { imageSize, contextLength, tokenizer } = pairs;
const { vocabularySize } = tokenizer;
const encoder = tokenizerFromJson(tokenizer.json, { vocabularySize, contextLength });
const probe = await MatMulProbe.create(runtime, 0);

/** @param {number} droppingShare 1: half of the patches are dropped in every step; 0: in none */
async function measure(droppingShare) {
  const settings = pretrainingSchema.parse({ droppingShare, warmupSteps: 1, steps: warm + rounds * stepsPerRound });
  const architecture = pretrainingArchitecture(settings, { imageSize, contextLength, vocabularySize });
  const weights = initialWeights(architecture, 0);
  const patches = droppingShare === 1 ? keptPatchCount(settings, patchCount(architecture.vision)) : undefined;
  /** @type {Map<number, number>} */
  const flopOfTokens = new Map();
  /** Of the matrix products of a step, by the length of its texts. @param {number} step counted from 0 */
  const flopOf = (step) => {
    const { captions } = pairs.batch(step, settings.batchSize);
    const tokens = tokensUsed(endOfTextMask(encoder.encode(captions), architecture.text));
    const shape = { batch: settings.batchSize, tokens, ...(patches === undefined ? {} : { patches }) };
    const known = flopOfTokens.get(tokens) ?? matMulFlop(Object.values(contrastiveGraph(weights, shape)));
    flopOfTokens.set(tokens, known);
    return known;
  };

  const folder = await mkdtemp(path.join(tmpdir(), 'rvpt-bench-'));
  /** @type {number[]} */ const perSecond = [];
  /** @type {number[]} */ const rates = [];
  /** @type {number[]} */ const shares = [];
  /** @type {number[]} */ const matmul = [];
  let [started, before] = [0, 0];
  try {
    await pretrain({
      pairs,
      settings,
      seed: 0,
      out: path.join(folder, 'model'),
      runtime,
      saveEvery: Number.MAX_SAFE_INTEGER,
      onStep: async ({ step }) => {
        if (step < warm || (step - warm) % stepsPerRound !== 0) return;
        const seconds = (performance.now() - started) / 1000;
        const rate = await probe.gflops();
        if (step > warm) {
          const flop = Array.from({ length: stepsPerRound }, (_, i) => flopOf(step - 1 - i)).reduce((a, b) => a + b, 0);
          perSecond.push((stepsPerRound * settings.batchSize) / seconds);
          rates.push(flop / seconds / 1e9);
          shares.push(flop / seconds / 1e9 / ((before + rate) / 2));
          matmul.push(rate);
        }
        before = rate;
        started = performance.now();
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { perSecond: spread(perSecond), rate: spread(rates), share: spread(shares), matmul: spread(matmul) };
}

/** @param {{ median: number, min: number, max: number }} of @param {number} digits @param {number} factor */
const text = ({ median, min, max }, digits, factor = 1) =>
  `${(factor * median).toFixed(digits)} (${(factor * min).toFixed(digits)} … ${(factor * max).toFixed(digits)})`;

console.log(`${cpus()[0].model}, ${availableParallelism()} cores; ${runtime.description}`);
console.log(`medians (least … most) of ${rounds} rounds of ${stepsPerRound} steps`);
for (const [name, share] of /** @type {const} */ ([
  ['half of the patches', 1],
  ['all patches', 0],
])) {
  const { perSecond, rate, share: part, matmul } = await measure(share);
  console.log(
    `${name}: ${text(perSecond, 0)} images/s, ${text(rate, 1)} GFLOP/s, bare MatMul ${text(matmul, 1)} GFLOP/s, ${text(part, 1, 100)} % of it`,
  );
}
await probe[Symbol.asyncDispose]();
