/**
 * The first key that an object of a JSON text holds twice, or undefined. `JSON.parse` keeps the last of the two without
 * a word, other parsers the first: a file that relies on it shows different tensors to different programs.
 * @param text JSON that `JSON.parse` accepts.
 */
export function duplicateKey(text: string): string | undefined {
  // one entry for each open bracket: the keys seen for an object, undefined for a list
  const open: (Set<string> | undefined)[] = [];
  let afterColon = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      const end = endOfString(text, i);
      const keys = open.at(-1);
      if (keys !== undefined && !afterColon) {
        const key = String(JSON.parse(text.slice(i, end)));
        if (keys.has(key)) return key;
        keys.add(key);
      }
      i = end - 1;
    } else if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    if (character === ':') afterColon = true;
    else if (character === ',' || character === '{' || character === '}') afterColon = false;
  }
  return undefined;
}

/** One past the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}
