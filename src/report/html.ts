/** Markup that may go into a page as it is. Only {@link html} and {@link trusted} make it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What can stand in a template; undefined and false are nothing. */
export type HtmlPart = Html | string | number | undefined | false | readonly HtmlPart[];

/** Markup with values in it; every text among them is escaped, for content and for quoted attributes. */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return new Html(strings.map((markup, i) => (i === 0 ? markup : textOf(parts[i - 1]) + markup)).join(''));
}

/** Markup of our own making: a style sheet, a rendered figure. Never what came from a file. */
export function trusted(text: string): Html {
  return new Html(text);
}

function textOf(part: HtmlPart): string {
  if (part instanceof Html) return part.text;
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return part.map(textOf).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]);
}

/**
 * A value as JSON inside a script element that is never run. In there `<` could end the element or begin a comment, so
 * it is written as JSON's own escape; parsers of JSON see no difference.
 */
export function jsonScript(id: string, value: unknown): Html {
  const json = JSON.stringify(value).replaceAll('<', '\\u003c');
  return html`<script type="application/json" id="${id}">
    ${trusted(json)}
  </script>`;
}
