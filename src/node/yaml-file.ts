import { parseDocument } from 'yaml';

import { InputError, messageOf } from '../core/errors.js';
import { FileBytes } from './files.js';

/** What stands in a YAML file that anybody may have written. */
export interface YamlFile {
  /** Plain values; null where the file is empty or its YAML is wrong. */
  readonly content: unknown;
  /** What is wrong with its YAML, by line. */
  readonly problems: readonly string[];
}

/**
 * Reads a YAML file. Aliases that multiply and nesting without end are problems, not a way to use up memory.
 * @param operation what the file is read for, for messages; @param sizeLimit in bytes
 * @throws InputError (`missing`, `usage`) when there is none or it is absurdly large
 */
export async function readYamlFile(file: string, operation: string, sizeLimit: number): Promise<YamlFile> {
  await using bytes = await FileBytes.open(file);
  if (bytes.size > sizeLimit) {
    throw new InputError({
      code: 'usage',
      operation,
      expected: `at most ${sizeLimit} bytes`,
      received: `${bytes.size}`,
    });
  }
  const text = new TextDecoder().decode(await bytes.read(0, bytes.size));
  try {
    const document = parseDocument(text, { prettyErrors: true });
    const problems = document.errors.map((error) => `${file}: ${error.message.split('\n')[0]}`);
    const content: unknown = problems.length > 0 ? null : document.toJS();
    return { content, problems };
  } catch (thrown) {
    // aliases that do not resolve or explode, nesting without end
    return { content: null, problems: [`${file}: ${messageOf(thrown)}`] };
  }
}
