// A defended model in transformers.js: exported once, it is a folder that needs rvpt no more. Run examples/defend.mjs
// first, then `node examples/transformers-js.mjs`.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { exportOnnx, loadClip, readRun } from 'rvpt';

const { config, samples } = await readRun('runs/example');
const out = 'runs/example-onnx';
await rm(out, { recursive: true, force: true });
const clip = await loadClip(config.model.path);
await exportOnnx({ clip, prompts: 'runs/example', out, dtypes: ['fp32'] });

env.allowRemoteModels = false; // it is all in the folder
const classifier = await pipeline('zero-shot-image-classification', path.resolve(out));
const [{ image, label }] = samples.samples;
const [template] = config.settings.templates; // as it was tuned
const scores = await classifier(path.join(config.data.path, image), samples.classes, {
  hypothesis_template: template.replace('{class}', '{}'),
});
console.log({ image, shows: samples.classes[label], likeliest: scores.slice(0, 3) });
