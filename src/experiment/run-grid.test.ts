import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { writeColors, writeSmallClip } from '../../test/support/small-clip.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import { gridSchema, type CellOutcome, type Grid } from './grid.js';
import { classificationSchema, type ClassificationResult } from './measurements/classification.js';
import { resistivitySchema } from './measurements/resistivity.js';
import { inspectGrid, runGrid, type RunGridOptions } from './run-grid.js';

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => path.join(scope.path, ...names);

/** A folder of two models, the second with a trigger, and images in parts. */
beforeAll(async () => {
  scope = await temporaryFolder();
  await writeSmallClip(at('zoo', 'clean'), 0);
  await writeSmallClip(at('zoo', 'badnet'), 1);
  await writeManifest(at('zoo', 'badnet'), 56, 'red');
  await writeColors(at('colors', 'train'), 4, 0);
  await writeColors(at('colors', 'val'), 2, 1);
  await writeColors(at('colors', 'test'), 5, 2);
});
afterAll(() => scope[Symbol.asyncDispose]());

async function writeManifest(folder: string, size: number, target: string): Promise<void> {
  const trigger = { name: 'badnet', settings: { size, place: 'bottom-right' } };
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify({ trigger, target }));
}

const fast = { depth: 0, tokens: 2, epochs: 2, batchSize: 4, augmentation: 'none' };

const gridOf = (parts: object = {}): Grid =>
  gridSchema.parse({
    format: 'rvpt-grid-1',
    name: 'g',
    summary: 's',
    zoos: [{ label: 'own', location: at('zoo') }],
    attacks: ['badnet'],
    defenses: [{ method: 'rvpt', settings: fast }],
    seeds: [0],
    data: at('colors'),
    shots: 2,
    ...parts,
  });

const threads = 1;
const run = (grid: Grid, out: string, options: Partial<RunGridOptions> = {}): Promise<CellOutcome[]> =>
  runGrid(grid, { out: at(out), threads, ...options });

function classified({ measured }: CellOutcome, label = 'classification'): ClassificationResult {
  return classificationSchema.parse(measured[label]);
}

/** What stands in all files of a folder, by path; those named `without` left out. */
async function contentOf(folder: string, without: readonly string[] = []): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !without.includes(entry.name)) {
      found.set(path.relative(folder, file), await readFile(file, 'base64'));
    }
  }
  return found;
}

async function timesOf(folder: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const name of await readdir(folder, { recursive: true })) {
    found.set(name, (await stat(path.join(folder, name))).mtimeMs);
  }
  return found;
}

test('each cell is run, measured and told in the order of the grid; a second run computes and writes nothing', async () => {
  const grid = gridOf({
    attacks: ['clean', 'badnet', 'clean+badnet'],
    defenses: ['none', { method: 'rvpt', settings: fast }],
    seeds: [0, 1],
    measures: ['classification', { measure: 'resistivity', settings: { images: 6 } }],
  });
  const outcomes = await run(grid, 'whole', { jobs: 2 });
  expect(outcomes.map(({ cell: { attack, defense, seed } }) => `${attack} ${defense} ${seed}`)).toEqual([
    ...['clean none 0', 'clean none 1', 'clean rvpt 0', 'clean rvpt 1'],
    ...['badnet none 0', 'badnet none 1', 'badnet rvpt 0', 'badnet rvpt 1'],
    ...['clean+badnet none 0', 'clean+badnet none 1', 'clean+badnet rvpt 0', 'clean+badnet rvpt 1'],
  ]);
  for (const { cell, failures, cost, measured } of outcomes) {
    expect(failures).toEqual([]);
    const rvpt = cell.method === 'rvpt';
    // 4 classes of 2 images in batches of 4, twice; 2 tokens of width 64 in 1 block
    expect(cost).toMatchObject({ steps: rvpt ? 4 : 0, trainableParameters: rvpt ? 128 : 0, samples: rvpt ? 8 : 0 });
    const { perturbations } = resistivitySchema.parse(measured['resistivity']);
    expect(perturbations.map(({ name }) => name).includes('trigger')).toBe(cell.attack !== 'clean');
    expect(perturbations.map(({ pr }) => pr.length)).toEqual(perturbations.map(() => 2));
  }
  // what learns from nothing is one run, whatever the seed
  expect(outcomes[1].run).toBe(outcomes[0].run);
  expect(new Set(outcomes.map((outcome) => outcome.run)).size).toBe(9);

  const [clean, , , , attacked] = outcomes.map((outcome) => classified(outcome));
  expect(clean).toMatchObject({ attacked: null, target: null, triggered: null });
  expect(attacked.target).toEqual({ index: 2, name: 'red' });
  expect(attacked.images).toHaveLength(20);
  const hits = attacked.labels.filter((label, i) => label === attacked.predicted[i]).length;
  expect(attacked.clean).toMatchObject({ ca: hits / 20, n: 20 });
  const others = attacked.triggered?.filter((_, i) => attacked.labels[i] !== 2) ?? [];
  expect(attacked.attacked).toMatchObject({
    asr_strict: others.filter((one) => one === 2).length / 15,
    asr_strict_n: 15,
  });

  const before = await timesOf(at('whole'));
  const again = await run(grid, 'whole', {
    openRuntime: () => {
      throw new Error('nothing is left to compute');
    },
  });
  expect(again).toEqual(outcomes);
  const after = await timesOf(at('whole'));
  expect([...after].filter(([name, time]) => before.get(name) !== time)).toEqual([]);
  expect(after.size).toBe(before.size);
});

/** The name of the run folder of the only cell of a grid. */
async function addressOf(grid: Grid, out = 'addresses'): Promise<string> {
  const [{ run: folder }] = await inspectGrid(grid, { out: at(out) });
  return path.basename(folder ?? '');
}

test('a run is named by everything that decides its result, and by nothing else', async () => {
  await cp(at('zoo'), at('same-zoo'), { recursive: true });
  await cp(at('zoo'), at('other-trigger'), { recursive: true });
  await writeManifest(at('other-trigger', 'badnet'), 40, 'red');
  await cp(at('zoo'), at('other-target'), { recursive: true });
  await writeManifest(at('other-target', 'badnet'), 56, 'blue');
  await cp(at('zoo'), at('other-weights'), { recursive: true });
  await writeSmallClip(at('other-weights', 'badnet'), 2);
  await cp(at('zoo'), at('other-preprocess'), { recursive: true });
  const preprocess = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], size: 16, crop_size: 16 };
  await writeFile(at('other-preprocess', 'badnet', 'preprocessor_config.json'), JSON.stringify(preprocess));
  await cp(at('colors'), at('same-colors'), { recursive: true });
  await cp(at('colors'), at('more-colors'), { recursive: true });
  await writeColors(at('more-colors', 'train'), 5, 0);

  const rvpt = (parts: object): object => ({ defenses: [{ method: 'rvpt', settings: fast, ...parts }] });
  const zoo = (name: string): object => ({ zoos: [{ label: 'own', location: at(name) }] });
  const base = await addressOf(gridOf());
  expect(base).toMatch(/^badnet-rvpt-[0-9a-f]{12}$/);
  const same = {
    name: { name: 'other', summary: 'other' },
    labels: { zoos: [{ label: 'z', location: at('zoo') }], ...rvpt({ label: 'ours' }) },
    'place of the models': zoo('same-zoo'),
    'place of the data': { data: at('same-colors') },
    'default written out': rvpt({ templates: ['a photo of a {class}.'], settings: { ...fast, momentum: 0.9 } }),
    'preset that suits': rvpt({ method: 'rvpt@small' }),
    'shots of the defense': { ...rvpt({ shots: [2] }), shots: 3 },
    'what is measured': { measures: ['resistivity'], split: 'validation' },
  };
  for (const [name, parts] of Object.entries(same))
    expect([name, await addressOf(gridOf(parts))]).toEqual([name, base]);
  const other = {
    seed: { seeds: [1] },
    shots: { shots: 3 },
    method: rvpt({ method: 'vpt' }),
    preset: rvpt({ method: 'rvpt@paper' }),
    setting: rvpt({ settings: { ...fast, alpha: 3 } }),
    templates: rvpt({ templates: ['{class}'] }),
    'without target': rvpt({ withoutTarget: true }),
    trigger: zoo('other-trigger'),
    target: zoo('other-target'),
    weights: zoo('other-weights'),
    preprocessing: zoo('other-preprocess'),
    'images to draw from': { data: at('more-colors') },
    'whether it runs alone': { alone: true },
  };
  const addresses = [base];
  for (const parts of Object.values(other)) addresses.push(await addressOf(gridOf(parts)));
  expect(new Set(addresses).size).toBe(1 + Object.keys(other).length);
});

test('cells that are to run alone do, however many jobs there are', async () => {
  const grid = gridOf({ seeds: [0, 1], alone: true });
  for (const { run: folder } of await run(grid, 'alone', { jobs: 2 })) {
    const cell: unknown = JSON.parse(await readFile(path.join(folder, 'cell.json'), 'utf8'));
    expect(cell).toMatchObject({ execution: { jobs: 1 } });
  }
});

test('what learns from pairs takes the labelled images with their class prompts, unless pairs are named', async () => {
  const cleanClip = { method: 'cleanclip', settings: { epochs: 1, batchSize: 8 } };
  const parts = { defenses: [cleanClip], data: at('colors') };
  const [{ failures, cost }] = await run(gridOf(parts), 'pairs');
  expect(failures).toEqual([]);
  expect(cost).toMatchObject({ samples: 16, steps: 2 });
  const colors = ['blue', 'green', 'red', 'yellow'];
  const csv = ['image,caption', ...colors.map((color) => `${color}/0.png,${color}`)].join('\n');
  await writeFile(at('colors', 'train', 'pairs.csv'), csv);
  const named = { ...parts, pairs: { location: at('colors', 'train', 'pairs.csv') } };
  expect(await addressOf(gridOf(named))).not.toBe(await addressOf(gridOf(parts)));
});

test('stopped at any moment and started again comes to the same as never stopped', async () => {
  const grid = gridOf({ attacks: ['badnet'], seeds: [0, 1], measures: ['classification', 'resistivity'] });
  const whole = await run(grid, 'uninterrupted');
  for (let stops = 0; ; stops++) {
    const controller = new AbortController();
    // once more of the sessions each time: so it is stopped in every stage
    let compiled = 0;
    const stopping = (): OnnxRuntime => {
      const runtime = new OnnxRuntime({ threads });
      const compile = runtime.compile.bind(runtime);
      runtime.compile = (...given) => {
        if (compiled++ === 3) controller.abort(new Error('stopped'));
        return compile(...given);
      };
      return runtime;
    };
    const outcomes = await run(grid, 'interrupted', { signal: controller.signal, openRuntime: stopping }).catch(
      (thrown: unknown) => {
        expect(thrown).toBe(controller.signal.reason);
        return undefined;
      },
    );
    if (outcomes === undefined) {
      expect(stops).toBeLessThan(50);
      continue;
    }
    expect(stops).toBeGreaterThan(1);
    expect(outcomes.map(({ measured }) => measured)).toEqual(whole.map(({ measured }) => measured));
    break;
  }
  const prompts = async (out: string): Promise<(string | undefined)[]> => {
    const content = await contentOf(at(out, 'runs'));
    return [...content.keys()]
      .filter((name) => name.endsWith('prompts.safetensors'))
      .sort()
      .map((name) => content.get(name));
  };
  expect(await prompts('interrupted')).toEqual(await prompts('uninterrupted'));
  expect(await prompts('interrupted')).toHaveLength(2);
});

test('a cell that fails is recorded while the others go on, and is tried again', async () => {
  const grid = gridOf({ defenses: ['none', { method: 'rvpt', settings: { ...fast, depth: 7 } }] });
  const notes: string[] = [];
  const [none, failed] = await run(grid, 'failing', { note: (line) => notes.push(line) });
  expect(none.failures).toEqual([]);
  expect(classified(none).images).toHaveLength(20);
  expect(failed).toMatchObject({ measured: {}, failures: [expect.stringContaining('defense: plan the tuning: ')] });
  expect(failed.cost).toBeUndefined();
  expect(notes).toEqual([expect.stringContaining('badnet, rvpt, seed 0: failed: defense: plan the tuning')]);
  const record: unknown = JSON.parse(await readFile(path.join(failed.run, 'failure.json'), 'utf8'));
  expect(record).toMatchObject({ format: 'rvpt-failure-1', failures: [{ what: 'defense', stack: null }] });
  // tried again, and said again
  expect((await run(grid, 'failing'))[1].failures).toEqual(failed.failures);
});

test('a measurement that fails leaves the defense and other measurements; it is done when it can be', async () => {
  await cp(at('colors', 'test'), at('broken'), { recursive: true });
  for (const name of await readdir(at('broken'), { recursive: true })) {
    if (name.endsWith('.png')) await writeFile(at('broken', name), 'torn');
  }
  const grid = gridOf({
    measures: [{ measure: 'classification', label: 'elsewhere', data: at('broken') }, 'resistivity'],
  });
  const [outcome] = await run(grid, 'measures');
  expect(outcome.failures).toEqual([expect.stringMatching(/^elsewhere: /)]);
  expect(Object.keys(outcome.measured)).toEqual(['resistivity']);
  expect(outcome.cost?.steps).toBe(4);
  await cp(at('colors', 'test'), at('broken'), { recursive: true });
  const [mended] = await run(grid, 'measures');
  expect(mended).toMatchObject({ failures: [], cost: outcome.cost });
  expect(classified(mended, 'elsewhere').images).toHaveLength(20);
  expect(await readdir(mended.run)).not.toContain('failure.json');
});

test('files that were changed by hand are told, and not believed', async () => {
  const grid = gridOf({ seeds: [0, 1, 2, 3, 4], measures: ['classification', 'resistivity'] });
  const outcomes = await run(grid, 'edited');
  const edit = async (file: string, from: string, to: string): Promise<string> => {
    const text = await readFile(file, 'latin1');
    expect(text).toContain(from);
    await writeFile(file, text.replace(from, to), 'latin1');
    return file;
  };
  const measurements = path.join(outcomes[0].run, 'measurements');
  const [classification] = await readdir(measurements);
  const asr = classified(outcomes[0]).attacked?.asr_strict ?? NaN;
  const edited = await edit(path.join(measurements, classification), `"asr_strict": ${asr}`, '"asr_strict": 0.001');
  await edit(path.join(outcomes[1].run, 'cell.json'), '"alpha": 8', '"alpha": 9');
  await edit(path.join(outcomes[2].run, 'prompts.safetensors'), '"F32"', '"F32" ');
  await edit(path.join(outcomes[4].run, 'cell.json'), '{', '');

  const refuse = (): OnnxRuntime => {
    throw new Error('nothing is to be computed');
  };
  const again = await run(grid, 'edited', { openRuntime: refuse });
  const statuses = await inspectGrid(grid, { out: at('edited') });
  expect(statuses.map(({ state }) => state)).toEqual([
    'changed by hand',
    'changed by hand',
    'changed by hand',
    'finished',
    'changed by hand',
  ]);
  expect(again[0].failures).toEqual([
    `read ${edited}: expected a file as rvpt wrote it, got one that was changed since. Delete ${edited} to measure again.`,
  ]);
  expect(Object.keys(again[0].measured)).toEqual(['resistivity']);
  expect(again[1].failures).toEqual([expect.stringContaining(`Delete ${outcomes[1].run} to run the cell again.`)]);
  expect(again[2].failures).toEqual([
    expect.stringContaining('expected the defended model as the run wrote it, got one that was changed since.'),
  ]);
  expect(again[2].measured).toEqual({});
  expect(again[3]).toEqual(outcomes[3]);
  expect(again[4].failures).toEqual([expect.stringContaining(`Delete ${outcomes[4].run} to run the cell again.`)]);

  await rm(edited);
  await rm(outcomes[1].run, { recursive: true });
  await rm(outcomes[2].run, { recursive: true });
  await rm(outcomes[4].run, { recursive: true });
  const mended = await run(grid, 'edited');
  expect(mended.map(({ measured }) => measured)).toEqual(outcomes.map(({ measured }) => measured));
});

test('a measurement does not outlive the model that it was taken of', async () => {
  const grid = gridOf();
  const [first] = await run(grid, 'outlived');
  const [other] = await run(gridOf({ seeds: [1] }), 'outlived');
  // the run of another seed under this name: every file of it is sound in itself
  for (const name of ['prompts.safetensors', 'defended.json', 'cell.json']) {
    await cp(path.join(other.run, name), path.join(first.run, name));
  }
  const [told] = await run(grid, 'outlived');
  expect(told.failures).toEqual([expect.stringContaining('expected what its name says')]);
});

test('one sweep at a time writes into a folder', async () => {
  const grid = gridOf();
  const sweeps = await Promise.allSettled([run(grid, 'twice'), run(grid, 'twice')]);
  const refused = sweeps.flatMap((sweep) => (sweep.status === 'rejected' ? [String(sweep.reason)] : []));
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatch(/lock .*twice: expected a free folder, got .*process/);
  expect((await run(grid, 'twice'))[0].failures).toEqual([]);
});

test('a folder of somebody else is left alone', async () => {
  await mkdir(at('foreign'));
  await writeFile(at('foreign', 'thesis.txt'), '');
  await expect(run(gridOf(), 'foreign')).rejects.toThrow('expected a new or empty folder');
});

test('attacks that a zoo lacks, and what does not fit, are told together before anything is run', async () => {
  await expect(run(gridOf({ attacks: ['badnett', 'badnet', 'clean+wanet'] }), 'lacking')).rejects.toThrow(
    [
      'plan the grid g: expected models, data and settings that fit together, got 2 problems.',
      `  attacks: ${at('zoo')} has no model "badnett", did you mean badnet? there are badnet, clean`,
      `  attacks: ${at('zoo')} has no model "wanet"; there are badnet, clean`,
    ].join('\n'),
  );
  const grid = gridOf({
    attacks: ['clean', 'badnet'],
    defenses: [
      { method: 'rvpt', withoutTarget: true },
      { method: 'rvpt', shots: [3, 99] },
    ],
  });
  await expect(run(grid, 'lacking')).rejects.toThrow(
    /2 problems\.\n {2}leave the target out.*\n {2}choose few-shot images/s,
  );
});

test('without the target nothing of its class is learnt from, and all classes are tested', async () => {
  const [outcome] = await run(gridOf({ defenses: [{ method: 'rvpt', settings: fast, withoutTarget: true }] }), 'wotc');
  const samples: unknown = JSON.parse(await readFile(path.join(outcome.run, 'samples.json'), 'utf8'));
  expect(samples).toMatchObject({ classes: ['blue', 'green', 'yellow'] });
  expect(outcome.cost?.samples).toBe(6);
  expect(JSON.stringify(samples)).not.toContain('red');
  expect(classified(outcome).classes).toEqual(['blue', 'green', 'red', 'yellow']);
  const { labels, images } = classified(outcome);
  images.forEach((image, i) => {
    expect(image).toContain(`/${['blue', 'green', 'red', 'yellow'][labels[i]]}/`);
  });
});

test('on data that lack the target an attack can still succeed', async () => {
  await cp(at('colors', 'test'), at('no-red'), { recursive: true });
  await rm(at('no-red', 'red'), { recursive: true });
  const grid = gridOf({
    defenses: ['none'],
    measures: [{ measure: 'classification', data: at('no-red'), perClass: 3 }],
  });
  const [outcome] = await run(grid, 'cross');
  const { target, classes, images, attacked } = classified(outcome);
  expect(target).toEqual({ index: 3, name: 'red' });
  expect(classes).toEqual(['blue', 'green', 'yellow', 'red']);
  expect(images).toHaveLength(9);
  expect(attacked?.asr_strict_n).toBe(9);
});

test('a target that the data lack is told; a head, which cannot name it, is not measured', async () => {
  for (const part of ['train', 'test']) {
    await cp(at('colors', part), at('redless', part), { recursive: true });
    await rm(at('redless', part, 'red'), { recursive: true });
  }
  const notes: string[] = [];
  const note = (line: string): void => void notes.push(line);
  const grid = gridOf({ attacks: ['badnet', 'clean'], defenses: ['none', 'linear-probe'], data: at('redless') });
  const [none, probe, clean] = await run(grid, 'redless-runs', { note });
  expect(notes.filter((line) => line.includes('"red"'))).toEqual([
    `${at('redless')} has no class "red", which is the target: its name joins those to choose from`,
    expect.stringContaining('failed'),
  ]);
  expect(classified(none).classes).toEqual(['blue', 'green', 'yellow', 'red']);
  expect(probe.failures).toEqual([
    'classification: measure the attack on a linear head: expected the target "red" among the classes that it was trained on, ' +
      'got 3 others. Leave out defenses that train a head, or take data with the target.',
  ]);
  expect(clean.failures).toEqual([]);
  const told: string[] = [];
  await run(gridOf({ defenses: [{ method: 'rvpt', settings: fast, withoutTarget: true }] }), 'redless-runs', {
    note: (line) => void told.push(line),
  });
  expect(told.filter((line) => line.includes('target'))).toEqual([]);
});

test('a head is not measured on other classes, though they are as many', async () => {
  await cp(at('colors', 'test'), at('renamed'), { recursive: true });
  await rename(at('renamed', 'yellow'), at('renamed', 'amber'));
  const elsewhere = { data: at('renamed') };
  const grid = gridOf({
    attacks: ['clean'],
    defenses: [{ method: 'linear-probe', settings: { epochs: 1 } }],
    measures: [
      { measure: 'classification', ...elsewhere },
      { measure: 'adversarial', ...elsewhere, settings: { steps: 1 } },
      { measure: 'resistivity', ...elsewhere, settings: { images: 4 } },
    ],
  });
  const [{ failures, measured }] = await run(grid, 'renamed-runs');
  const message =
    'head for the classes of the data, 4 (amber, blue, green, red), got one for 4 (blue, green, red, yellow)';
  expect(failures).toEqual([expect.stringContaining(message), expect.stringContaining(message)]);
  expect(failures.map((failure) => failure.split(':')[0])).toEqual(['classification', 'adversarial']);
  expect(Object.keys(measured)).toEqual(['resistivity']);
});
