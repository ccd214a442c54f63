/** One element of a page. */
export interface HtmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  /** What stands inside a script or a style, as it is. */
  readonly raw: string;
}

const voidElements = ['meta', 'img', 'br', 'hr', 'link', 'input'];
const rawElements = ['script', 'style'];
const token = /<!doctype html>|<!--[\s\S]*?-->|<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(\/?)>/gy;
const attribute = /([\w:-]+)(?:="([^"]*)")?/g;

/**
 * The elements of a page in order, read strictly: every attribute quoted, every element closed in turn, no `<` or `&`
 * that begins nothing. Stricter than a browser, so that what passes means the same to every one.
 * @throws Error that says where the page breaks the rules
 */
export function htmlElements(page: string): HtmlElement[] {
  const found: HtmlElement[] = [];
  const open: string[] = [];
  let at = 0;
  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}: ${page.slice(Math.max(0, at - 60), at + 60)}`);
  };
  while (at < page.length) {
    const next = page.indexOf('<', at);
    const text = page.slice(at, next === -1 ? undefined : next);
    if (/&(?!(?:amp|lt|gt|quot|#39);)/.test(text)) fail('a bare &');
    if (next === -1) break;
    at = next;
    token.lastIndex = at;
    const match = token.exec(page) ?? fail('a bare <');
    at = token.lastIndex;
    const [, closing, name = '', attributes = '', selfClosing] = match;
    if (name === '') continue;
    if (closing === '/') {
      if (open.pop() !== name) fail(`</${name}> closes something else`);
      continue;
    }
    let raw = '';
    if (rawElements.includes(name)) {
      const end = page.indexOf(`</${name}>`, at);
      raw = page.slice(at, end);
      at = end;
    }
    const pairs = [...attributes.matchAll(attribute)].map(([, key, value = '']) => [key, value] as const);
    found.push({ name, attributes: Object.fromEntries(pairs), raw });
    if (selfClosing !== '/' && !voidElements.includes(name)) open.push(name);
  }
  if (open.length > 0) fail(`not closed: ${open.join(', ')}`);
  return found;
}
