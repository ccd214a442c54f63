import { expect, test } from 'vitest';

import { html, jsonScript, trusted } from './html.js';

test('text is escaped, markup is not, lists are joined, nothing is nothing', () => {
  const part = html`<b title="${`"'&`}">${'<i> & </i>'}</b>`;
  expect(part.text).toBe('<b title="&quot;&#39;&amp;">&lt;i&gt; &amp; &lt;/i&gt;</b>');
  expect(html`${[part, 3, undefined, false, ['<', trusted('<')]]}`.text).toBe(`${part.text}3&lt;<`);
});

test('JSON in a page cannot end its element, and reads back the same', () => {
  const value = { '</script>': ['<!--', '<script', '&amp;', '\u2028'] };
  const { text } = jsonScript('a"b', value);
  expect(text.startsWith('<script type="application/json" id="a&quot;b">')).toBe(true);
  const json = text.slice(text.indexOf('>') + 1, -'</script>'.length);
  expect(json).not.toContain('<');
  expect(JSON.parse(json)).toEqual(value);
});
