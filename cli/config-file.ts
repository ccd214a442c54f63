import { parseDocument } from 'yaml';

import { InputError, messageOf } from '../src/core/errors.js';
import { FileBytes } from '../src/node/files.js';

/** Options are a few lines: anything larger is not a config file. */
const sizeLimit = 2 ** 16;

export interface ConfigFile {
  readonly values: ReadonlyMap<string, unknown>;
  /** What is wrong with its YAML, by line. */
  readonly problems: readonly string[];
}

/** Reads a YAML file of options. @throws InputError (`missing`, `usage`) when there is none or it is absurdly large. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  await using bytes = await FileBytes.open(file);
  if (bytes.size > sizeLimit) {
    throw new InputError({
      code: 'usage',
      operation: `read the config ${file}`,
      expected: `at most ${sizeLimit} bytes`,
      received: `${bytes.size}`,
    });
  }
  const text = new TextDecoder().decode(await bytes.read(0, bytes.size));
  let content: unknown;
  try {
    const document = parseDocument(text, { prettyErrors: true });
    const problems = document.errors.map((error) => `${file}: ${error.message.split('\n')[0]}`);
    if (problems.length > 0) return { values: new Map(), problems };
    content = document.toJS({ mapAsMap: true });
  } catch (thrown) {
    // aliases that do not resolve or explode, nesting without end
    return { values: new Map(), problems: [`${file}: ${messageOf(thrown)}`] };
  }
  if (content === null) return { values: new Map(), problems: [] };
  if (!(content instanceof Map))
    return { values: new Map(), problems: [`${file}: expected lines of \`option: value\``] };
  const values = new Map<string, unknown>();
  for (const [key, value] of content) values.set(String(key), value);
  return { values, problems: [] };
}
