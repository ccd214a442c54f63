import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  Application,
  Comment,
  Converter,
  DeclarationReflection,
  LiteralType,
  Logger,
  LogLevel,
  ReferenceType,
  ReflectionKind,
  UnionType,
  type Context,
  type ProjectReflection,
  type TypeDocOptions,
} from 'typedoc';
import { z } from 'zod';

import { patchShape } from '../src/attack/patch/patch-settings.js';
import { poisonShape } from '../src/attack/poison/settings.js';
import { tuningShape } from '../src/defense/tuning-settings.js';

const root = path.resolve(import.meta.dirname, '..');

/** Settings whose descriptions are in their schemas, where help texts come from too. */
const settings: Readonly<Record<string, z.core.$ZodShape>> = {
  TuningSettings: tuningShape,
  GivenTuning: tuningShape,
  PoisonSettings: poisonShape,
  PatchSettings: patchShape,
};

const options: TypeDocOptions = {
  name: 'rvpt',
  entryPoints: [path.join(root, 'src/index.ts')],
  tsconfig: path.join(root, 'tsconfig.build.json'),
  plugin: ['typedoc-plugin-markdown'],
  readme: 'none',
  // no line numbers, no links to a repository: pages change with what they say alone
  disableSources: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  // the type check is a step of its own
  skipErrorChecking: true,
  logLevel: LogLevel.Warn,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ['Class', 'Interface', 'TypeAlias', 'Variable', 'Function', 'Method', 'Accessor'],
};

/** What the plugin adds to the options. */
const markdown = {
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
};

class Warnings extends Logger {
  readonly messages: string[] = [];

  override log(message: string, level: LogLevel): void {
    if (level >= LogLevel.Warn) this.messages.push(message);
  }
}

export interface ApiDocs {
  /** Markdown by path inside docs/api. */
  readonly pages: ReadonlyMap<string, string>;
  /** What is exported and not documented, or named by an export and not exported. */
  readonly warnings: readonly string[];
}

/** docs/api: every export of the library. test/api-docs.test.ts writes and checks it. */
export async function makeApiDocs(): Promise<ApiDocs> {
  const app = await Application.bootstrapWithPlugins({ ...options, ...markdown });
  const logger = new Warnings();
  app.logger = logger;
  const named = new Map<DeclarationReflection, LiteralType[]>();
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, declaration) => {
    if (declaration.kind === ReflectionKind.TypeAlias) named.set(declaration, namesIn(context, declaration));
  });
  const project = await app.convert();
  if (project === undefined) throw new Error(`no reference can be made of src/index.ts: ${logger.messages.join('; ')}`);
  // names that the source takes from a table are listed
  for (const [alias, names] of named) if (names.length > 0) alias.type = new UnionType(names);
  describeSettings(project);
  shortenSchemas(project);
  app.validate(project);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'rvpt-api-'));
  try {
    await app.outputs.writeOutput({ name: 'markdown', path: folder }, project);
    return { pages: await readPages(folder), warnings: logger.messages };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The strings that a type is one of, if that is what it is. */
function namesIn(context: Context, alias: DeclarationReflection): LiteralType[] {
  const symbol = context.getSymbolFromReflection(alias);
  const type = symbol && context.checker.getDeclaredTypeOfSymbol(symbol);
  if (type?.isUnion() !== true) return [];
  const names = type.types.flatMap((member) => (member.isStringLiteral() ? [new LiteralType(member.value)] : []));
  return names.length === type.types.length ? names : [];
}

const described = z.object({ description: z.string() });

function describeSettings(project: ProjectReflection): void {
  for (const [name, shape] of Object.entries(settings)) {
    const { properties } = z.toJSONSchema(z.object(shape));
    const type = project.getChildByName([name]);
    for (const child of type instanceof DeclarationReflection ? (type.children ?? []) : []) {
      const { description } = described.parse(properties?.[child.name]);
      child.comment = new Comment([{ kind: 'text', text: description }]);
    }
  }
}

/** The type of a schema repeats, in Zod's words, the type that it reads; and where that comes from helps nobody. */
function shortenSchemas(project: ProjectReflection): void {
  for (const type of project.getReflectionsByKind(ReflectionKind.Interface)) {
    if (!(type instanceof DeclarationReflection) || type.extendedTypes?.[0].toString().startsWith('output<') !== true)
      continue;
    delete type.extendedTypes;
    delete type.typeHierarchy;
    for (const child of type.children ?? []) delete child.inheritedFrom;
  }
  for (const schema of project.getReflectionsByKind(ReflectionKind.Variable)) {
    const type = schema instanceof DeclarationReflection ? schema.type : undefined;
    if (type instanceof ReferenceType && type.name.startsWith('Zod')) delete type.typeArguments;
  }
}

async function readPages(folder: string): Promise<Map<string, string>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const pages = new Map<string, string>();
  for (const file of files.filter((entry) => entry.isFile())) {
    const full = path.join(file.parentPath, file.name);
    pages.set(path.relative(folder, full).replaceAll(path.sep, '/'), await readFile(full, 'utf8'));
  }
  return pages;
}
