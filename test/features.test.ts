import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { commands } from '../cli/commands.js';
import { triggers } from '../src/attack/trigger/triggers.js';
import { datasetLayouts } from '../src/data/dataset.js';
import { imageFormats } from '../src/data/image-formats.js';
import { defenses } from '../src/defense/defenses.js';
import { tuningPresets } from '../src/defense/tuning-settings.js';
import { perturbations } from '../src/evaluation/perturbation/perturbations.js';
import { measurements } from '../src/experiment/measurements.js';
import * as ops from '../src/graph/ops/index.js';
import { isDevice } from '../src/node/onnx-runtime.js';

const page = readFileSync(new URL('../FEATURES.md', import.meta.url), 'utf8');

/** The cells of the table row whose first cell is `first`. */
function row(first: string): string[] {
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  const cells = rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const found = cells.find((one) => one[0] === first);
  if (found === undefined) throw new Error(`FEATURES.md has no row "${first}"`);
  return found;
}

/** What stands in backquotes. */
const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name);

const names = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => name);

test('docs/triggers.md tells what every trigger does, as the table in the code says it', () => {
  const triggersPage = readFileSync(new URL('../docs/triggers.md', import.meta.url), 'utf8');
  const listed = [...triggersPage.matchAll(/^\| `(\w+)` +\| (.+?) +\|$/gm)].map(([, name, summary]) => ({
    name,
    summary,
  }));
  expect(listed).toEqual(triggers.map(({ name, summary }) => ({ name, summary })));
});

describe('FEATURES.md lists', () => {
  test.each([
    ['commands', names(commands)],
    ['methods', names(defenses)],
    ['measurements', names(measurements)],
    ['triggers', names(triggers)],
    ['perturbations', names(perturbations)],
  ])('all %s and no others', (what, all) => {
    expect(quoted(row(what)[1]).sort()).toEqual([...all].sort());
  });

  test('every data layout', () => {
    for (const { name } of datasetLayouts) expect(row(`\`${name}\``)[1]).toBe('yes');
  });

  test('every image format', () => {
    const listed = [...quoted(page.slice(page.indexOf('| images'), page.indexOf('## Commands')))];
    expect(listed.sort()).toEqual(names(imageFormats).sort());
  });

  test('devices that exist', () => {
    const listed = quoted(page.slice(page.indexOf('| device'), page.indexOf('## Ops')));
    expect(listed.filter(isDevice).sort()).toEqual(['coreml', 'cpu', 'cuda', 'dml', 'webgpu']);
  });

  test('every op, the function that builds it, and whether it has a gradient', () => {
    const listed = page.slice(page.indexOf('| op ')).match(/^\| [A-Z].*$/gm) ?? [];
    const entries = Object.entries(ops).flatMap(([key, entry]) =>
      typeof entry === 'object' ? [{ entry, builder: key.replace(/Op$/, '') }] : [],
    );
    const expected = entries.map(({ entry, builder }) => [
      entry.name,
      `\`${builder}\``,
      entry.differentiable ? 'yes' : 'no',
    ]);
    const cells = listed.map((line) =>
      line
        .split('|')
        .slice(1, 4)
        .map((cell) => cell.trim().replace(/^no:.*/, 'no')),
    );
    expect(cells).toEqual(expected);
  });
});

test('docs/deviations.md lists what the preset small changes', () => {
  const deviations = readFileSync(new URL('../docs/deviations.md', import.meta.url), 'utf8');
  const section = deviations.slice(deviations.indexOf('## Presets')).split('\n## ')[0];
  const listed = [...section.matchAll(/^\| `(\w+)` +\| (\S+) +\| (\S+) +\|$/gm)].map(([, ...cells]) => cells);
  const inPaper = new Map<string, string | number | boolean | undefined>(Object.entries(tuningPresets.paper));
  const changed = Object.entries(tuningPresets.small).filter(([key, value]) => inPaper.get(key) !== value);
  const expected = changed.map(([key, value]) => [key, String(inPaper.get(key) ?? 'none'), String(value)]);
  expect(listed.sort()).toEqual(expected.sort());
});
