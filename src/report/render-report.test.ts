import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';

import { htmlElements, type HtmlElement } from '../../test/support/html-elements.js';
import { comparison, reportData, reportModel } from '../../test/support/report-data.js';
import { renderReport } from './render-report.js';
import { reportDataSchema, type ReportData } from './report-data.js';

/** The text of a page with its elements taken out and spaces made one. */
function textOf(page: string): string {
  return page
    .replaceAll(/<(script|style)[\s\S]*?<\/\1>/g, ' ')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

const of = (elements: readonly HtmlElement[], name: string): HtmlElement[] =>
  elements.filter((element) => element.name === name);

describe('a report', () => {
  let page: string;
  let elements: HtmlElement[];
  beforeAll(async () => {
    page = await renderReport(reportData());
    elements = htmlElements(page);
  });

  test('is made of data that its schema takes, and the same data give the same page', async () => {
    const data: unknown = JSON.parse(JSON.stringify(reportData()));
    expect(reportDataSchema.parse(data)).toEqual(reportData());
    expect(await renderReport(reportDataSchema.parse(data))).toBe(page);
  });

  test('says in plain words and with intervals what was measured', () => {
    const text = textOf(page);
    expect(text).toContain('Pictures with the trigger that are taken for banana 97.5 % → 2.0 %');
    expect(text).toContain('Pictures with the trigger that are still recognised 3.0 % → 81.0 %');
    expect(text).toContain('Pictures without the trigger that are recognised 94.0 % → 92.5 %');
    expect(text).toContain('97.5 % 95.5 % – 99.5 %');
    expect(text).toContain('preprocess.mean [0.5,0.5,0.5]');
    expect(text).toContain('apple/7.png');
  });

  test('loads nothing and runs nothing but its own script', () => {
    for (const { attributes } of elements) {
      for (const key of ['src', 'href', 'srcset', 'action', 'data', 'poster', 'xlink:href']) {
        const value = attributes[key] ?? '#';
        expect(value.startsWith('#') || value.startsWith('data:image/png;base64,'), value).toBe(true);
      }
      expect(Object.keys(attributes).filter((key) => key.startsWith('on'))).toEqual([]);
    }
    expect(of(elements, 'link')).toEqual([]);
    for (const { raw } of of(elements, 'style')) expect(raw).not.toMatch(/url\(|@import/);
    const [policy] = elements.filter(({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy');
    const programs = of(elements, 'script').filter(({ attributes }) => attributes['type'] === undefined);
    expect(programs).toHaveLength(1);
    const hash = createHash('sha256').update(programs[0].raw).digest('base64');
    const content = policy.attributes['content']?.replaceAll('&#39;', "'");
    expect(content).toBe(`default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`);
  });

  test('has figures whose specifications stand beside them, hold the numbers drawn', () => {
    const specs = of(elements, 'script').filter(({ attributes }) => attributes['type'] === 'application/json');
    // two perturbations, and four curves of tuning
    expect(specs).toHaveLength(6);
    const ids = specs.map(({ attributes }) => attributes['id']);
    expect(new Set(ids).size).toBe(6);
    for (const id of ids) {
      for (const use of ['data-copy', 'data-download']) {
        expect(of(elements, 'button').filter(({ attributes }) => attributes[use] === id)).toHaveLength(1);
      }
    }
    expect(JSON.parse(specs[1].raw)).toMatchObject({
      data: {
        values: [
          { x: 0, y: 1, series: 'before' },
          { x: 1, y: 0.6, series: 'before' },
          { x: 2, y: 0.4, series: 'before' },
          { x: 0, y: 1, series: 'after RVPT' },
          { x: 1, y: 0.9, series: 'after RVPT' },
          { x: 2, y: 0.85, series: 'after RVPT' },
        ],
      },
    });
    // the drawing is there, and takes its colours from the page
    const drawn = page.match(/<svg[^>]*role="img"[\s\S]*?<\/svg>/g) ?? [];
    expect(drawn).toHaveLength(6);
    for (const svg of drawn) {
      expect(svg).toMatch(/stroke="var\(--after\)"/);
      expect(svg).not.toMatch(/(?:fill|stroke)="#/);
    }
  });

  test('can be read without seeing it: every picture and figure has words, headings go down in steps', () => {
    for (const { attributes } of of(elements, 'img')) expect(attributes['alt']).not.toBe('');
    for (const { attributes } of of(elements, 'svg')) {
      expect((attributes['aria-label'] ?? '') !== '' || attributes['aria-hidden'] === 'true').toBe(true);
    }
    const levels = elements.filter(({ name }) => /^h\d$/.test(name)).map(({ name }) => Number(name[1]));
    expect(levels[0]).toBe(1);
    levels.slice(1).forEach((level, i) => {
      expect(level - levels[i], `heading ${i + 1}`).toBeLessThanOrEqual(1);
    });
    const page = of(elements, 'html')[0];
    expect(page.attributes['lang']).toBe('en');
  });

  test('shows each picture as it was seen, and the attention over it', () => {
    // two examples, clean and triggered: once alone, twice under attention
    const pictures = of(elements, 'img').map(({ attributes }) => attributes);
    expect(pictures.filter(({ class: name }) => name === 'heat')).toHaveLength(8);
    expect(pictures.filter(({ class: name }) => name === undefined)).toHaveLength(4 + 8);
    expect(pictures.find(({ class: name }) => name === 'heat')?.['alt']).toBe(
      'attention, clean, before: strongest at the bottom, left',
    );
  });
});

test.each([
  ['is a script', '<script>alert(1)</script>'],
  ['leaves an attribute', `"><img src=x onerror='alert(1)'>`],
  ['leaves a script', '</script><script>alert(1)//'],
  ['begins a comment', '<!--<script>'],
  ['leaves a style', '</style><b>'],
  ['is an entity', '&lt;b&gt;'],
])('a name that %s is shown as it is', async (_, hostile) => {
  const compared = comparison(hostile, hostile);
  const named = {
    ...compared,
    data: { ...compared.data, path: hostile, split: hostile },
    attack: compared.attack && { ...compared.attack, trigger: { name: hostile, settings: { [hostile]: hostile } } },
    resistivity: { n: 1, perturbations: [{ name: hostile, settings: {}, before: [1, 0.5], after: [1, 0.5] }] },
    examples: compared.examples.map((example) => ({ ...example, image: hostile })),
    skipped: [hostile],
    versions: { [hostile]: hostile },
  };
  const plain = reportModel();
  const place = { path: hostile, sha256: hostile };
  const model = {
    ...{ ...plain, name: hostile, method: hostile, run: hostile, comparison: named, settings: { [hostile]: hostile } },
    control: { method: hostile, run: hostile, comparison: named },
    provenance: {
      ...{ ...plain.provenance, created: hostile, model: place, data: place, execution: { [hostile]: [hostile] } },
      versions: { [hostile]: hostile },
      samples: [{ class: hostile, images: [hostile] }],
    },
  };
  const unmeasured = { ...reportModel({ name: hostile, run: hostile, provenance: model.provenance }) };
  const { comparison: left, ...rest } = unmeasured;
  expect(left).toBeDefined();
  const data: ReportData = { format: 'rvpt-report-1', title: hostile, models: [model, rest] };
  const page = await renderReport(data);
  const elements = htmlElements(page);
  // what stands in the page is what stands in one with harmless names: no element more, no attribute more
  const renamed: unknown = JSON.parse(JSON.stringify(data).replaceAll(JSON.stringify(hostile).slice(1, -1), 'name'));
  const harmless = reportDataSchema.parse(renamed);
  const shape = (all: readonly HtmlElement[]): string[] =>
    all.map(({ name, attributes }) => `${name} ${Object.keys(attributes).join(' ')}`);
  // text is laid out by its length, and columns by their names, so figures and tables of them may differ
  const outside = (all: readonly HtmlElement[]): string[] =>
    shape(all).filter((one) => !/^(g|path|line|text|rect|circle) /.test(one));
  expect(outside(elements)).toEqual(outside(htmlElements(await renderReport(harmless))));
  for (const script of elements.filter(({ name }) => name === 'script')) {
    if (script.attributes['type'] === 'application/json') JSON.parse(script.raw);
    else expect(script.raw).not.toContain('alert');
  }
});

test('a run that was not measured says what is missing and how to add it', async () => {
  const { comparison: measured, ...rest } = reportModel({ run: "runs/it's mine" });
  expect(measured).toBeDefined();
  const page = await renderReport(reportData(rest));
  htmlElements(page);
  expect(textOf(page)).toContain('not measured yet');
  expect(textOf(page)).toContain(
    'rvpt evaluate --model models/bad --prompts &#39;runs/it&#39;\\&#39;&#39;s mine&#39; --data TEST_IMAGES',
  );
  expect(page).toContain('id="model-1-tuning"');
});

test('without an attack there is no word of one', async () => {
  const { attack, ...compared } = comparison();
  expect(attack).toBeDefined();
  const clean = {
    ...compared,
    before: { clean: compared.before.clean },
    after: { clean: compared.after.clean },
    examples: compared.examples.map(({ image, label, clean: picture }) => ({ image, label, clean: picture })),
  };
  const page = await renderReport(reportData(reportModel({ comparison: clean })));
  htmlElements(page);
  const [body] = textOf(page).split('Words in this report');
  expect(body).toContain('Pictures without the trigger that are recognised 94.0 % → 92.5 %');
  expect(body).toContain('No trigger was measured');
  for (const absent of ['taken for', 'still recognised', '⚑', 'undefined', 'NaN']) expect(body).not.toContain(absent);
});

test('several models are compared first; a control stands beside its own', async () => {
  const control = { method: 'vpt', run: 'runs/badnet-vpt', comparison: comparison() };
  const models = [reportModel({ control }), reportModel({ name: 'blended' })];
  const page = await renderReport(reportData(...models));
  const elements = htmlElements(page);
  const ids = elements.flatMap(({ attributes }) => attributes['id'] ?? []);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { attributes } of of(elements, 'a')) expect(ids).toContain(attributes['href']?.slice(1));
  expect(textOf(page)).toContain(
    'badnet no defense 97.5 % 95.5 % – 99.5 % 3.0 % 1.0 % – 5.0 % 94.0 % 92.0 % – 96.0 % – badnet RVPT 2.0 %',
  );
  expect(textOf(page)).toContain('after VPT (control)');
});

test('what a reader should know is said', async () => {
  const remark = async (change: (compared: ReturnType<typeof comparison>) => object): Promise<string> => {
    const compared = comparison();
    const changed = { ...compared, ...change(compared) };
    return textOf(await renderReport(reportData(reportModel({ comparison: changed }))));
  };
  const plain = textOf(await renderReport(reportData()));
  for (const said of ['even before', 'cost', 'could not be decoded']) expect(plain).not.toContain(said);
  expect(
    await remark(({ before }) => ({
      before: { ...before, attacked: before.attacked && { ...before.attacked, asr_strict: 0.49 } },
    })),
  ).toContain('succeeded on 49.0 % of the pictures even before');
  expect(await remark(({ after }) => ({ after: { ...after, clean: { ...after.clean, ca: 0.9 } } }))).toContain(
    'cost 4.0 points of clean accuracy',
  );
  expect(await remark(() => ({ skipped: ['a.png'] }))).toContain('could not be decoded: 1 image.');
});
