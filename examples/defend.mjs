// Defends a model on a folder of images, and measures what that did. This is the library example of the README: run
// `npm run demo` first, which renders the images, then `node examples/defend.mjs` in the repository.
import { defend, evaluate, loadClip, openDataset, openTrigger } from 'rvpt';

const clip = await loadClip('zoo:badnet');
const train = await openDataset('runs/demo/scenes/train-32');
const test = await openDataset('runs/demo/scenes/test-12');

// as the demo; left out: those of the preset that suits the model
const settings = { epochs: 14, batchSize: 8, learningRate: 0.35, views: 4 };
const { prompts } = await defend({ clip, dataset: train, out: 'runs/example', settings, resume: true });
const { trigger } = await openTrigger('zoo:badnet');
const attack = { trigger, target: 'banana' };
const { clean, attacked } = await evaluate({ clip, dataset: test, prompts, attack });
console.log({ ca: clean.ca, asr: attacked?.asr_strict, pa: attacked?.pa });
