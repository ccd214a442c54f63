import { createHash } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';

import { reportDocument } from '../../test/support/documents.js';
import { htmlElements, type HtmlElement } from '../../test/support/html-elements.js';
import { documentFiles } from './document-files.js';
import { markBest, reportDocumentSchema, type TableEntry } from './document.js';
import { hrefOf } from './link.js';
import { renderDocument } from './render-document.js';
import { orderFunction } from './script.js';

/** The text of a page with its elements taken out and spaces made one. */
function textOf(page: string): string {
  return page
    .replaceAll(/<(script|style)[\s\S]*?<\/\1>/g, ' ')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

const named = (elements: readonly HtmlElement[], name: string): HtmlElement[] =>
  elements.filter((element) => element.name === name);

describe('a document', async () => {
  const page = await renderDocument(reportDocument());
  const elements = htmlElements(page);

  test('is JSON that its schema takes, and the same document gives the same page', async () => {
    const read: unknown = JSON.parse(JSON.stringify(reportDocument()));
    expect(reportDocumentSchema.parse(read)).toEqual(reportDocument());
    expect(await renderDocument(reportDocumentSchema.parse(read))).toBe(page);
  });

  test('loads nothing, leads to nothing but what lies beside it, runs nothing but its own script', () => {
    for (const { attributes } of elements) {
      for (const key of ['src', 'srcset', 'action', 'data', 'poster', 'xlink:href']) {
        expect(attributes[key] ?? 'data:image/png;base64,').toMatch(/^data:image\/png;base64,/);
      }
      expect(attributes['href'] ?? '#').toMatch(/^(#|\.\/)/);
      expect(Object.keys(attributes).filter((key) => key.startsWith('on'))).toEqual([]);
    }
    const [policy] = elements.filter(({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy');
    const programs = named(elements, 'script').filter(({ attributes }) => attributes['type'] === undefined);
    expect(programs).toHaveLength(1);
    const hash = createHash('sha256').update(programs[0].raw).digest('base64');
    expect(policy.attributes['content']?.replaceAll('&#39;', "'")).toBe(
      `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`,
    );
    for (const { raw } of named(elements, 'style')) expect(raw).not.toMatch(/url\(|@import/);
  });

  test('says everything that is in it', () => {
    const text = textOf(page);
    for (const said of [
      'Three seeds each.',
      'CleanCLIP 24.0 (93.4) ± 1.0 (± 0.3)',
      '98.0 (93.4) ± 1.0 (± 0.3) paper 98.52 (62.64)',
      '0.4 (93.4) (best) ± 1.0 (± 0.3)',
      '✓ holds RVPT has the lowest ASR on every attack.',
      '✗ does not hold CA stays within 2 points.',
      '? cannot be told BadCLIP is the hardest attack.',
      'command rvpt paper table1',
      'apple ✓ 80.0 %',
    ]) {
      expect(text).toContain(said);
    }
  });

  test('has a table that says what each entry is of, and what it is sorted by', () => {
    const table = page.slice(page.indexOf('<table'), page.indexOf('</table>'));
    const heads = [...table.matchAll(/<th scope="row"/g)];
    expect(heads).toHaveLength(4);
    const values = Array.from(table.matchAll(/<td\s+data-value="([^"]*)"/g), ([, value]) => Number(value));
    expect(values).toEqual([97, 98, 24, 2, 85.6, 1.5, 5.5, 0.4, 0.5, 0.1]);
    const [scroll] = elements.filter(({ attributes }) => attributes['role'] === 'region');
    expect(scroll.attributes).toMatchObject({ tabindex: '0', 'aria-labelledby': 'table1-2-title' });
    expect(elements.filter(({ attributes }) => attributes['id'] === 'table1-2-title')).toHaveLength(1);
  });

  test('has ids of its own for all, headings that go down in steps, words for every picture', () => {
    const ids = elements.flatMap(({ attributes }) => attributes['id'] ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of named(elements, 'a')) {
      const href = attributes['href'] ?? '';
      if (href.startsWith('#')) expect(ids).toContain(href.slice(1));
    }
    const levels = elements.filter(({ name }) => /^h\d$/.test(name)).map(({ name }) => Number(name[1]));
    expect(levels[0]).toBe(1);
    levels.slice(1).forEach((level, i) => {
      expect(level - levels[i], `heading ${i + 1}`).toBeLessThanOrEqual(1);
    });
    for (const { attributes } of named(elements, 'img')) expect(attributes['alt']).not.toBe('');
    for (const { attributes } of named(elements, 'svg')) expect(attributes['aria-label']).not.toBe('');
  });

  test('lies in files: the page, each chart as a drawing and as its specification', async () => {
    const files = await documentFiles(reportDocument());
    expect(files.map(({ path }) => path)).toEqual([
      'report.html',
      ...['shots-1', 'shots-2', 'features-1', 'features-2'].flatMap((name) => [
        `figures/${name}.svg`,
        `figures/${name}.vl.json`,
      ]),
    ]);
    expect(files[0].text).toBe(page);
    expect(files[1].text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(JSON.parse(files[2].text)).toMatchObject({ $schema: 'https://vega.github.io/schema/vega-lite/v5.json' });
  });
});

test.each([
  '<script>alert(1)</script>',
  `"><img src=x onerror='alert(1)'>`,
  '</style><!--',
  '&lt;b&gt;',
  'javascript:0',
])('strings like %s are shown as they are', async (hostile) => {
  /** The document with every string in it, but for names of kinds and pictures, made another. */
  const withText = (text: string): ReturnType<typeof reportDocument> => {
    const plain = reportDocument();
    const json = JSON.stringify(plain, (key, value: unknown) =>
      typeof value === 'string' &&
      [
        'text',
        'title',
        'caption',
        'label',
        'detail',
        'path',
        'claim',
        'why',
        'name',
        'value',
        'published',
        'note',
        'class',
        'truth',
        'heading',
        'lead',
      ].includes(key)
        ? text
        : value,
    );
    const changed = reportDocumentSchema.parse(JSON.parse(json));
    // figures have columns by their names, and tests of their own
    return {
      ...changed,
      sections: changed.sections.map((section) => ({
        ...section,
        blocks: section.blocks.filter(({ kind }) => kind !== 'figure'),
      })),
    };
  };
  const shape = async (text: string): Promise<string[]> =>
    htmlElements(await renderDocument(withText(text))).map(
      ({ name, attributes }) => `${name} ${Object.keys(attributes).join(' ')}`,
    );
  expect(await shape(hostile)).toEqual(await shape('name'));
  const hrefs = htmlElements(await renderDocument(withText(hostile))).flatMap(
    ({ attributes }) => attributes['href'] ?? [],
  );
  for (const href of hrefs) expect(href).toMatch(/^(#|\.\/)/);
});

test.each([
  ['runs/badnet-rvpt-0a', './runs/badnet-rvpt-0a'],
  ['../runs/a b', './../runs/a%20b'],
  ['javascript:alert(1)', './javascript%3Aalert(1)'],
  ['//example.org/a', './//example.org/a'],
  ['a?b#c', './a%3Fb%23c'],
])('the link to %s stays beside the page: %s', (path, href) => {
  expect(hrefOf(path)).toBe(href);
  expect(new URL(href, 'file:///reports/report.html').protocol).toBe('file:');
});

describe('the best of some entries', () => {
  const entry = (value?: number, interval?: [number, number]): TableEntry => ({
    text: String(value),
    ...(value === undefined ? {} : { value }),
    ...(interval === undefined ? {} : { interval }),
  });
  const best = (entries: readonly TableEntry[], better: 'lower' | 'higher'): number[] =>
    markBest(entries, better).flatMap((each, i) => (each.best === true ? [i] : []));

  test('is the lowest, or the highest, and what has no value takes no part', () => {
    const entries = [entry(3), entry(), entry(1), entry(2)];
    expect(best(entries, 'lower')).toEqual([2]);
    expect(best(entries, 'higher')).toEqual([0]);
    expect(best([entry(), entry()], 'lower')).toEqual([]);
  });

  test('is shared where intervals meet that of the best, not where they meet that of another', () => {
    const entries = [entry(1, [0, 2]), entry(3, [2, 4]), entry(5, [3, 7]), entry(2)];
    expect(best(entries, 'lower')).toEqual([0, 1, 3]);
    expect(best(entries, 'higher')).toEqual([1, 2]);
  });

  test('is shared by equal values without intervals, and leaves the rest as it was', () => {
    const entries = [entry(1), entry(1), entry(1.0001)];
    expect(best(entries, 'lower')).toEqual([0, 1]);
    expect(markBest(entries, 'lower')[2]).toEqual(entries[2]);
  });
});

describe('the order of a sorted table', () => {
  const order = (entries: readonly object[], direction: string): unknown =>
    JSON.parse(
      String(runInNewContext(`${orderFunction}; JSON.stringify(order(${JSON.stringify(entries)}, '${direction}'))`)),
    );

  test('is that of the values, not of the texts; equal ones stay as they were, missing ones last', () => {
    const entries = [
      { value: 10, text: '10' },
      { text: '–' },
      { value: 9, text: '9' },
      { value: 9, text: '09' },
      { value: -1, text: '-1' },
    ];
    expect(order(entries, 'ascending')).toEqual([4, 2, 3, 0, 1]);
    expect(order(entries, 'descending')).toEqual([0, 2, 3, 4, 1]);
  });

  test('is that of the texts where there are no values, numbers in them by size', () => {
    const entries = [{ text: 'run 10' }, { text: '' }, { text: 'Run 2' }, { text: 'alpha' }];
    expect(order(entries, 'ascending')).toEqual([3, 2, 0, 1]);
    expect(order(entries, 'descending')).toEqual([0, 2, 3, 1]);
  });
});

test.each([
  ['two sections of one id', { id: 'figures' }],
  ['an id that could leave its attribute', { id: 'a"b' }],
])('a document with %s is refused', (_, change) => {
  const [first, ...rest] = reportDocument().sections;
  expect(reportDocumentSchema.safeParse(reportDocument({ sections: [{ ...first, ...change }, ...rest] })).success).toBe(
    false,
  );
});
