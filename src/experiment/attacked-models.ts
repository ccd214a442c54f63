import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { MANIFEST_FILE } from '../attack/poison/manifest.js';
import { InputError } from '../core/errors.js';
import { jsonObjectOf, type JsonObject } from '../core/json.js';
import { errnoOf } from '../node/errno.js';
import { DiskFolder } from '../node/files.js';
import { loadClip, type LoadedClip } from '../node/load-clip.js';
import { openTrigger } from '../node/open-trigger.js';
import { poisonManifestOf } from '../node/poison-manifest.js';
import { zooNames } from '../node/zoo.js';
import { sha256OfFile } from './file-digest.js';
import { choices } from './grid-names.js';
import type { Grid } from './grid.js';
import type { MeasureInput } from './measurement.js';
import { Memo } from './memo.js';

type Zoo = Grid['zoos'][number];

/** A model of a zoo, and the attack that it is measured under. */
export interface AttackedModel {
  readonly clip: LoadedClip;
  /** What decides what the model does: weights, preprocessing, tokenizer. */
  readonly identity: JsonObject;
  readonly attack?: NonNullable<MeasureInput['attack']> & { readonly identity: JsonObject };
}

/** The model that nobody attacked. */
export const CLEAN = 'clean';

/** The models that a grid names, each opened once. Dispose of it when done. */
export class AttackedModels implements AsyncDisposable {
  readonly #clips = new Memo<{ clip: LoadedClip; identity: JsonObject }>();
  readonly #attacks = new Memo<NonNullable<AttackedModel['attack']>>();

  /**
   * @param attack as the grid has it: `badnet`, `clean`, `clean+badnet`
   * @throws InputError when there is no such model or no manifest, or they do not belong together
   */
  async open(zoo: Zoo, attack: string): Promise<AttackedModel> {
    const { name, other } = partsOf(attack);
    const place = placeOf(zoo, name);
    const model = await this.#clips.get(place, async () => {
      const clip = await loadClip(place);
      return { clip, identity: await identityOf(clip) };
    });
    if (other === undefined && name === CLEAN) return model;
    // a manifest of another model is refused
    if (other === undefined) await poisonManifestOf(place, model.clip.sha256);
    const from = placeOf(zoo, other ?? name);
    return { ...model, attack: await this.#attacks.get(from, () => openAttack(from)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { clip } of await this.#clips.values()) await clip[Symbol.asyncDispose]();
  }
}

/** Names of the models that attacks such as `clean+badnet` take. */
export function modelsWanted(attacks: readonly string[]): string[] {
  return [...new Set(attacks.flatMap((attack) => attack.split('+')))];
}

/** What is wrong with the attacks of a grid: models that its zoos lack, one sentence each. */
export async function attackProblems({ zoos, attacks }: Pick<Grid, 'zoos' | 'attacks'>): Promise<string[]> {
  const wanted = modelsWanted(attacks);
  const found = await Promise.all(
    zoos.map(async (zoo) => {
      const names = await namesIn(zoo);
      if (names.length === 0) return [`zoos: ${zoo.location} is no folder with model folders in it`];
      const missing = wanted.filter((name) => !names.includes(name));
      return missing.map(
        (name) => `attacks: ${zoo.location} has no model ${JSON.stringify(name)}${choices(name, names)}`,
      );
    }),
  );
  return found.flat();
}

/** Names of the models in a zoo; none where there is no such folder. */
export async function namesIn({ location }: Pick<Zoo, 'location'>): Promise<string[]> {
  if (location === 'zoo:') return zooNames();
  const entries = await readdir(location, { withFileTypes: true }).catch((thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return [];
    throw thrown;
  });
  const folders = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  const models = await Promise.all(
    folders.map(async (name) => ((await new DiskFolder(path.join(location, name)).has('config.json')) ? [name] : [])),
  );
  return models.flat();
}

/** `clean+badnet`: the model, and the one whose trigger it is measured with. */
function partsOf(attack: string): { name: string; other: string | undefined } {
  const at = attack.indexOf('+');
  return at < 0 ? { name: attack, other: undefined } : { name: attack.slice(0, at), other: attack.slice(at + 1) };
}

function placeOf({ location }: Zoo, name: string): string {
  return location === 'zoo:' ? `zoo:${name}` : path.join(location, name);
}

async function identityOf({ sha256, preprocess, folder }: LoadedClip): Promise<JsonObject> {
  const files = new DiskFolder(folder);
  const own = await files.has('tokenizer.json');
  return {
    sha256,
    preprocess: jsonObjectOf(preprocess),
    tokenizer: own ? await sha256OfFile(path.join(folder, 'tokenizer.json')) : 'clip',
  };
}

async function openAttack(place: string): Promise<NonNullable<AttackedModel['attack']>> {
  const manifest = place.startsWith('zoo:') ? place : path.join(place, MANIFEST_FILE);
  const { trigger, target, seed, files } = await openTrigger(manifest);
  if (target === undefined) {
    throw new InputError({
      code: 'malformed',
      operation: `read ${manifest}`,
      expected: 'a manifest that names the target of the attack',
      received: 'one that names none',
    });
  }
  const { name, settings } = trigger;
  const identity = { trigger: name, settings: jsonObjectOf(settings), seed: seed ?? null, files, target };
  return { trigger, target, identity };
}
