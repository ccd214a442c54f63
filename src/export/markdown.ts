const LONGEST_NAME = 120;
const LONGEST_SENTENCE = 500;

/**
 * Text from somebody else's file (a class name, a model id, a path) in one line that is safe to show: no line breaks, no
 * characters that are invisible or turn the reading direction, cut to a readable length.
 */
export function oneLine(text: string, longest = LONGEST_NAME): string {
  const visible = text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ').replace(/\s+/gu, ' ');
  const characters = Array.from(visible.trim()); // whole code points
  return characters.length <= longest ? characters.join('') : `${characters.slice(0, longest).join('')}…`;
}

/**
 * Such text as inline code, where Markdown reads neither markup nor HTML nor addresses. The two characters that could end
 * the code or a cell of a table are shown as others that look like them.
 */
export function code(text: string, longest = LONGEST_NAME): string {
  const shown = oneLine(text, longest).replaceAll('`', "'").replaceAll('|', '¦');
  return shown === '' ? '(no name)' : `\`${shown}\``;
}

/** The same for a sentence in which there may be such text. */
export function codeSentence(text: string): string {
  return code(text, LONGEST_SENTENCE);
}

/** A table in Markdown; the cells are Markdown already and hold no line break. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A fenced block. @throws RangeError when a line of the text would end it */
export function fenced(language: string, text: string): string {
  if (/^\s*```/m.test(text)) throw new RangeError('markdown: the text would end its own block');
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
