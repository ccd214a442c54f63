import { readYamlFile } from '../src/node/yaml-file.js';

/** Options are a few lines: anything larger is not a config file. */
const sizeLimit = 2 ** 16;

export interface ConfigFile {
  readonly values: ReadonlyMap<string, unknown>;
  /** What is wrong with its YAML, by line. */
  readonly problems: readonly string[];
}

/** Reads a YAML file of options. @throws InputError (`missing`, `usage`) when there is none or it is absurdly large. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  const { content, problems } = await readYamlFile(file, `read the config ${file}`, sizeLimit);
  if (content === null) return { values: new Map(), problems };
  if (typeof content !== 'object' || Array.isArray(content)) {
    return { values: new Map(), problems: [`${file}: expected lines of \`option: value\``] };
  }
  return { values: new Map(Object.entries(content)), problems };
}
