import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

import { defend } from '../cli/defend.js';
import { evaluate } from '../cli/evaluate.js';
import { inspect } from '../cli/inspect.js';
import { runConfigSchema } from '../src/run/schema.js';
import { goldenModel, photoClasses } from './support/measured-model.js';
import { testHub, type TestHub } from './support/hub.js';
import { noisePng } from './support/images.js';
import { runInProcess } from './support/run-in-process.js';
import { temporaryFolder } from './support/temporary-folder.js';

const commands = [inspect, evaluate, defend];
const run = (...argv: string[]): ReturnType<typeof runInProcess> => runInProcess(argv, commands);

/** A Hub with the small golden CLIP and with photos in two parts. */
async function hubOfPhotos(): Promise<TestHub & { readonly commits: { model: string; data: string } }> {
  const hub = await testHub({ pageSize: 7 });
  const photos: Record<string, Uint8Array> = {};
  for (const part of ['train', 'test']) {
    for (const name of photoClasses) {
      for (const i of [0, 1]) photos[`${part}/${name}/${i}.png`] = await noisePng(`${part}/${name}/${i}`);
    }
  }
  const model = await hub.server.add({ id: 'o/clip', folder: goldenModel });
  const data = await hub.add({ id: 'o/photos', type: 'dataset' }, photos);
  return { ...hub, commits: { model, data } };
}

test('inspect tells what a model of the Hub is, and where it came from', async () => {
  await using hub = await hubOfPhotos();
  const { code, stdout, stderr } = await run('inspect', 'hf:o/clip');
  expect(code).toBe(0);
  expect(stderr).toContain('download hf:o/clip: 3381 of 3381 kB');
  expect(stdout).toContain(`o/clip at ${hub.server.url}, commit ${hub.commits.model}`);
  const again = await run('inspect', 'hf:o/clip', '--json');
  expect(again.stderr).toBe('');
  const local = await run('inspect', goldenModel, '--json');
  expect(again.stdout).toContain(local.stdout.trimEnd().replace(/\}$/, ''));
  expect(JSON.parse(again.stdout)).toMatchObject({ origin: { commit: hub.commits.model } });
});

test('what goes wrong is one message, and no stack', async () => {
  await using hub = await hubOfPhotos();
  const { code, stdout, stderr } = await run('inspect', 'hf:o/clop', '--json');
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'missing' } });
  expect(stderr).toMatch(/^error: find hf:o\/clop: expected a model of that name, got none that is public\. [^\n]*\n$/);
  expect(hub.asked()).toHaveLength(1);
});

test('evaluate takes model and data from the Hub, as it does from folders', async () => {
  await using hub = await hubOfPhotos();
  const argv = ['--model', 'hf:o/clip', '--data', 'hf:o/photos:test', '--json'];
  const { code, stdout, stderr } = await run('evaluate', ...argv);
  expect(code).toBe(0);
  expect(stderr).toContain('8 images of 4 classes in hf:o/photos');
  expect(JSON.parse(stdout)).toMatchObject({
    n: 8,
    model: { path: 'hf:o/clip', origin: { commit: hub.commits.model } },
    data: { path: 'hf:o/photos', split: 'test', origin: { commit: hub.commits.data } },
  });
});

test('defend writes into the run which commits and files it took', async () => {
  await using hub = await hubOfPhotos();
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'run');
  const settings = ['--shots', '1', '--epochs', '1', '--depth', '1', '--tokens', '2', '--no-report'];
  const { code, stderr } = await run(
    'defend',
    ...['--model', `hf:o/clip@${hub.commits.model}`, '--data', 'hf:o/photos', '--out', out, ...settings],
  );
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const config = runConfigSchema.parse(JSON.parse(await readFile(path.join(out, 'config.json'), 'utf8')));
  expect(config).toMatchObject({
    model: { origin: { repository: 'o/clip', revision: hub.commits.model, commit: hub.commits.model, type: 'model' } },
    data: { path: 'hf:o/photos', origin: { repository: 'o/photos', revision: 'main', commit: hub.commits.data } },
  });
  expect(config.model.origin?.files.map((file) => file.path)).toEqual(['config.json', 'model.safetensors']);
  expect(config.model.origin?.files[1].sha256).toBe(config.model.sha256);
  expect(hub.asked().some((asked) => asked.includes('/test/'))).toBe(false);
});
