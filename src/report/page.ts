import { html, trusted, type Html, type HtmlPart } from './html.js';
import { pageScript } from './script.js';
import { styleSheet } from './style.js';

export interface PageParts {
  readonly title: string;
  /** What the page is about. */
  readonly lead: HtmlPart;
  readonly main: HtmlPart;
  readonly footer?: HtmlPart;
}

/**
 * One HTML file that loads nothing: no network, figures drawn, images inside. A content security policy keeps the page
 * from running anything but its own script.
 */
export async function page({ title, lead, main, footer }: PageParts): Promise<string> {
  const policy = [
    "default-src 'none'",
    'img-src data:',
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${await sha256Base64(pageScript)}'`,
  ].join('; ');
  // no white space may come in between: the policy names the script by its hash
  const script = trusted(`<script>${pageScript}</script>`);
  const whole = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${trusted(styleSheet)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          ${lead === undefined ? undefined : html`<p class="lead">${lead}</p>`}
        </header>
        <main>${main}</main>
        ${footer === undefined ? undefined : html`<footer>${footer}</footer>`} ${script}
      </body>
    </html> `;
  return whole.text;
}

/** What leads to the parts of a page. */
export function contents(
  label: string,
  parts: readonly { readonly id: string; readonly name: string }[],
): Html | undefined {
  if (parts.length < 2) return undefined;
  return html`<nav aria-label="${label}">
    <ul>
      ${parts.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`)}
    </ul>
  </nav>`;
}

async function sha256Base64(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
