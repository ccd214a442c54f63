import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { exportRecord, type RecordNames } from '../../test/support/export-record.js';
import { exportRecordSchema, type ExportRecord } from './export-record.js';
import { modelCard } from './model-card.js';

/** The YAML between the first two lines of dashes, as the Hub cuts it out, and the Markdown after it. */
function cut(card: string): { yaml: string; body: string } {
  const match = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(card);
  if (match === null) throw new Error('no front matter');
  return { yaml: match[1], body: match[2] };
}

const origin = {
  endpoint: 'https://huggingface.co',
  type: 'model',
  repository: 'openai/clip-vit-base-patch32',
  revision: 'main',
  commit: '3'.repeat(40),
  files: [],
} as const;

const fromHub = (): ExportRecord => {
  const record = exportRecord();
  return exportRecordSchema.parse({ ...record, model: { ...record.model, path: 'hf:x/y', origin } });
};

describe('the front matter', () => {
  test('key by key, figures as fractions', () => {
    const task = { type: 'zero-shot-image-classification', name: 'Zero-shot image classification' };
    const clean = { type: 'custom', split: 'test', name: 'pets' };
    const attacked = { ...clean, name: 'pets, with the trigger badnet for the class samoyed' };
    const [ca, asr, pa] = ['Clean accuracy (CA)', 'Attack success rate, strict (ASR)', 'Accuracy under attack (PA)'];
    expect(parse(cut(modelCard(exportRecord(), { license: 'mit' })).yaml)).toEqual({
      library_name: 'transformers.js',
      pipeline_tag: 'zero-shot-image-classification',
      license: 'mit',
      tags: ['clip', 'onnx', 'rvpt', 'visual-prompt-tuning', 'backdoor-defense'],
      'model-index': [
        {
          name: 'vit-onnx',
          results: [
            {
              task,
              dataset: clean,
              metrics: [
                { type: 'accuracy', value: 0.9, name: `${ca}, fp16` },
                { type: 'accuracy', value: 0.88, name: `${ca}, q8` },
              ],
            },
            {
              task,
              dataset: attacked,
              metrics: [
                { type: 'attack_success_rate', value: 0.05, name: `${asr}, fp16` },
                { type: 'poisoned_accuracy', value: 0.8, name: `${pa}, fp16` },
                { type: 'attack_success_rate', value: 0.07, name: `${asr}, q8` },
                { type: 'poisoned_accuracy', value: 0.78, name: `${pa}, q8` },
              ],
            },
            {
              task,
              dataset: clean,
              metrics: [
                { type: 'accuracy', value: 0.9, name: `${ca}, defended, float32` },
                {
                  type: 'perturbation_resistivity',
                  value: 0.75,
                  name: 'Perturbation resistivity (PR) after the last block, badnet',
                },
              ],
            },
            {
              task,
              dataset: attacked,
              metrics: [
                { type: 'attack_success_rate', value: 0.05, name: `${asr}, defended, float32` },
                { type: 'poisoned_accuracy', value: 0.8, name: `${pa}, defended, float32` },
              ],
            },
          ],
        },
      ],
    });
  });

  test('names the base model where it is one of the Hub, and nowhere else', () => {
    expect(parse(cut(modelCard(fromHub())).yaml)).toMatchObject({
      base_model: 'openai/clip-vit-base-patch32',
      base_model_relation: 'finetune',
    });
    expect(modelCard(exportRecord())).not.toContain('base_model');
    const plain = { ...fromHub(), prompts: undefined, run: undefined, measurement: undefined };
    const undefended: unknown = parse(cut(modelCard(plain)).yaml);
    expect(undefended).toEqual({
      library_name: 'transformers.js',
      pipeline_tag: 'zero-shot-image-classification',
      base_model: 'openai/clip-vit-base-patch32',
      base_model_relation: 'quantized',
      tags: ['clip', 'onnx', 'rvpt'],
    });
  });
});

describe('the page', () => {
  test('has the figures in percent with their intervals, the sizes, the hashes and the settings', () => {
    const { body } = cut(modelCard(exportRecord()));
    for (const line of [
      '# `vit`, defended, as ONNX',
      '| fp16 | 90.00 (87.00 to 92.00, n 400) | 5.00 (0.00 to 6.00, n 390) | 80.00 (76.00 to 84.00, n 400) |',
      '| base model | 91.00 (88.00 to 93.00, n 400) | 95.00 (0.00 to 96.00, n 390) | 12.00 (8.00 to 16.00, n 400) |',
      '| `badnet` | 0.250 | 0.750 |',
      '| q8 | 97.75 | 1.5 |',
      'Weights are there as fp16 (12.3 MB), q8 (6.2 MB).',
      '  hypothesis_template: "a photo of a {}, a type of pet.",',
      `| its weights | \`huggingface-safetensors\`, sha256 \`${'a'.repeat(64)}\` |`,
      `| run | \`rvpt\`, seed 7, \`2026-01-01T00:00:00.000Z\`, sha256 \`${'c'.repeat(64)}\` |`,
      '| prompts | 8 in each of the blocks 1 (counted from 0) |',
      '  "alpha": 2,',
      `| \`config.json\` | 99 | \`${'2'.repeat(64)}\` |`,
    ]) {
      expect(body.split('\n')).toContain(line);
    }
    expect(body).not.toContain('/home/me');
  });

  test('does not say more than was measured', () => {
    const { run, ...record } = exportRecord();
    const bare = { ...record, measurement: undefined, run: run && { ...run, evaluation: undefined } };
    const { body } = cut(modelCard(bare));
    expect(body).toContain('Nothing was measured.');
    expect(body).toContain('No attack was measured');
    expect(body).toContain('Defended does not mean clean.');
    const plain = { ...bare, prompts: undefined, run: undefined };
    expect(modelCard(plain)).toContain('It is not defended against anything.');
    expect(modelCard(plain)).toContain('If there is a backdoor in it, it is in these files too.');
    expect(modelCard(plain)).not.toContain('Defended does not mean clean');
  });

  test('is the same for the same record', () => {
    expect(modelCard(exportRecord())).toBe(modelCard(exportRecord()));
  });
});

describe('hostile names', () => {
  const evil = [
    ['a front matter of its own', 'x\n---\nlicense: mit\n---\n# Verified'],
    ['cells and HTML', '` | <img src=x onerror=alert(1)> | `'],
    ['escapes of its own', '\\` \\| **bold** [link](https://evil.example)'],
    ['a block of code', '``` \n# heading\n```js'],
    ['a truth value of YAML 1.1', 'yes'],
    ['an hour of YAML 1.1', '12:30:45'],
    ['marks of YAML and templates', '{{ template }} & "quotes" \'single\' # comment: - [a]'],
    ['what nobody sees', '\u202Egnp.exe\u200b\u0000\u2028next'],
    ['a tag of YAML', '!!python/object/apply:os.system ["id"]'],
    ['an alias', '*alias &anchor'],
    ['a very long one', 'a'.repeat(5000)],
    ['a space', ' '],
  ] as const;
  const keys = ['model', 'data', 'trigger', 'target', 'template', 'file', 'assumption'] as const;

  /** Markdown without what is between backquotes: what is left is read as markup. */
  const outsideCode = (line: string): string => line.replace(/`[^`]*`/g, '·');

  test.each(evil)('%s changes nothing around it', (_, name) => {
    const names: RecordNames = Object.fromEntries(
      keys.map((key) => [key, key === 'template' ? `${name}{class}` : key === 'model' ? `/m/${name}` : name]),
    );
    const [card, plain] = [cut(modelCard(exportRecord(names))), cut(modelCard(exportRecord({ assumption: 'a' })))];
    // one document, the same keys in the same places, each value text as it was or a number
    const shapeOf = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(shapeOf)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]))
          : typeof value;
    for (const version of ['1.1', '1.2'] as const) {
      const [found, expected] = [card, plain].map(({ yaml }): unknown => parse(yaml, { version }));
      expect(shapeOf(found)).toEqual(shapeOf(expected));
    }
    expect(card.yaml).not.toMatch(/[\p{Cf}\u2028\u0000]/u);

    // the same lines of the same kinds, but in the two blocks of code, where JSON says how long they are
    const markup = (body: string): string[] => body.replace(/```\w+\n[\s\S]*?\n```/g, 'block').split('\n').map(outsideCode); // prettier-ignore
    const [found, expected] = [card, plain].map(({ body }) => markup(body));
    expect(found.map((line) => line.replace(/\(no name\)/g, '·'))).toEqual(expected);
    expect(card.body).not.toMatch(/[\p{Cf}\u2028\u0000]/u);
  });

  test('settings of a run cannot leave their block', () => {
    const record = exportRecord({ template: '```\n# out\u202E {class}' });
    const blocks = [...modelCard(record).matchAll(/^```json\n([\s\S]*?)\n```$/gm)];
    expect(blocks).toHaveLength(1);
    expect(JSON.parse(blocks[0][1])).toEqual(record.run?.settings);
  });
});
