// The library example of the README: run `npm run quickstart` first, then `node examples/defend.mjs` in the repository.
import { datasetLocation, defend, evaluate, loadClip, openDataset, openTrigger } from 'rvpt';

const clip = await loadClip('test/golden/clip-tiny/hf');
const train = await openDataset(await datasetLocation('runs/quickstart/train'));
const test = await openDataset(await datasetLocation('runs/quickstart/test'));

const settings = { depth: 1, tokens: 8, learningRate: 0.05, epochs: 40 }; // left out: the paper's
const { prompts, loss, fr } = await defend({ clip, dataset: train, out: 'runs/example', settings });
const { trigger } = await openTrigger('badnet');
const attack = { trigger, target: 'circle' };
const { clean, attacked } = await evaluate({ clip, dataset: test, prompts, attack });
console.log({ loss, fr, ca: clean.ca, asr: attacked?.asr_strict, pa: attacked?.pa });
