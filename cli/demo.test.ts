import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { runInProcess } from '../test/support/run-in-process.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { cutShort, demo } from './demo.js';
import { evaluate } from './evaluate.js';

const rates = z.object({ ca: z.number(), asr_strict: z.number(), pa: z.number() });
const outputSchema = z.object({
  models: z.array(
    z.object({
      attack: z.string(),
      method: z.string(),
      before: rates,
      after: rates,
      seconds: z.number(),
      run: z.string(),
    }),
  ),
  report: z.string(),
  seconds: z.number(),
});

const quick = ['--models', 'badnet', '--images', '2', '--shots', '2', '--epochs', '2', '--tokens', '4'];

test('the demo measures, tunes, measures again, writes the report and tells it in a table; evaluate gives its numbers', async () => {
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'demo');
  const { code, stdout, stderr } = await runInProcess(['demo', ...quick, '--out', out, '--json'], [demo]);
  expect(code, stderr).toBe(0);
  const { models, report } = outputSchema.parse(JSON.parse(stdout));
  expect(models).toHaveLength(1);
  const [model] = models;
  expect(model).toMatchObject({ attack: 'badnet', method: 'rvpt' });
  expect(model.before.asr_strict).toBeGreaterThan(0.85);
  expect(await readFile(report, 'utf8')).toContain('badnet');

  const scenes = path.join(out, 'scenes/test-2');
  const common = ['--data', scenes, '--model', 'zoo:badnet', '--trigger', 'zoo:badnet', '--json'];
  const again = await runInProcess(['evaluate', ...common, '--prompts', model.run], [evaluate]);
  expect(again.code, again.stderr).toBe(0);
  const { ca, asr_strict, pa } = rates.parse(JSON.parse(again.stdout));
  expect({ ca, asr_strict, pa }).toEqual(rates.parse(model.after));

  // once more in the same folder: nothing is tuned or measured again, and people get a table and what its columns mean
  const text = await runInProcess(['demo', ...quick, '--out', out], [demo]);
  expect(text.code, text.stderr).toBe(0);
  expect(text.stderr).toContain('Small CLIP models were poisoned');
  expect(text.stderr).not.toMatch(/tuning|measuring/);
  expect(text.stdout).toMatch(/badnet +│ rvpt/);
  const { before, after } = model;
  const percents = [before.asr_strict, after.asr_strict].map((rate) => `${(100 * rate).toFixed(1)} %`);
  expect(text.stdout).toContain(percents.join(' -> '));
  expect(text.stdout).toContain('that are taken for a banana (ASR)');
  expect(text.stdout).toContain(
    'Each cure was a short one, of 2 passes over its pictures. The usual one (--cure usual), of 60,',
  );
}, 120_000);

test('a cure of all passes is not called short', () => {
  expect(cutShort({ epochs: 59 }).join(' ')).toContain('of 59 passes');
  expect(cutShort({ epochs: 60 })).toEqual([]);
  expect(cutShort({})).toEqual([]);
});

test('a folder with other files is left alone', async () => {
  await using folder = await temporaryFolder();
  await writeFile(path.join(folder.path, 'mine.txt'), 'x');
  const { code, stderr } = await runInProcess(['demo', ...quick, '--out', folder.path], [demo]);
  expect(code).toBe(2);
  expect(stderr).toContain('mine.txt');
});
