// Packs the package, installs the tarball into an empty project and uses it there as a stranger would.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const work = mkdtempSync(path.join(os.tmpdir(), 'rvpt-pack-'));
const project = path.join(work, 'project');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

function run(program, argv, cwd, expectedStatus = 0) {
  // npm passes its own settings on to what it starts; the project is to have none of them
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)_/.test(name)),
  );
  const { status, stdout, stderr, error } = spawnSync(program, argv, {
    cwd,
    env,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  if (status !== expectedStatus) {
    throw new Error(`${program} ${argv.join(' ')} ended with ${status}, not ${expectedStatus}\n${stdout}\n${stderr}`);
  }
  return stdout;
}

function check(condition, message) {
  if (!condition) throw new Error(message);
}

const checks = {
  'the tarball holds what is needed and nothing else'() {
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], root));
    const unpacked = (packed.unpackedSize / 2 ** 20).toFixed(2);
    console.log(`  ${packed.filename}: ${(packed.size / 2 ** 20).toFixed(2)} MiB, ${unpacked} MiB unpacked`);
    const names = packed.files.map((file) => file.path);
    for (const needed of ['README.md', 'LICENSE', 'dist/cli/main.js', 'dist/src/index.js', 'dist/src/index.d.ts']) {
      check(names.includes(needed), `${needed} is missing`);
    }
    // the demo is to work without any network: everything in assets comes along, but for how the zoo's training went
    const assets = readdirSync(path.join(root, 'assets'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'history.jsonl')
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'));
    for (const part of [
      'emoji/atlas.json',
      'issba/encoder.safetensors',
      'zoo/clean/model.safetensors',
      'zoo/zoo.json',
    ]) {
      check(assets.includes(`assets/${part}`), `the repository lacks assets/${part}`);
    }
    const missing = assets.filter((name) => !names.includes(name));
    check(missing.length === 0, `these are missing: ${missing.join(', ')}`);
    const strays = names.filter(
      (name) =>
        /(\.test\.|\.map$|^(test|src|cli|bench|scripts|node_modules)\/)/.test(name) ||
        /^assets\/.*\/(history\.jsonl|state\.safetensors|poisoning\.json|\.lock.*)$/.test(name),
    );
    check(strays.length === 0, `these do not belong there: ${strays.join(', ')}`);
  },
  'it installs'() {
    mkdirSync(project);
    writeFileSync(
      path.join(project, 'package.json'),
      JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
    );
    const tarball = path.join(work, `rvpt-${version}.tgz`);
    run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', tarball], project);
  },
  'it imports'() {
    const script = "import * as rvpt from 'rvpt'; console.log(Object.keys(rvpt).length)";
    check(Number(run(process.execPath, ['--input-type=module', '-e', script], project)) > 0, 'rvpt exports nothing');
  },
  'its types resolve, strictly'() {
    writeFileSync(
      path.join(project, 'consumer.ts'),
      "import * as rvpt from 'rvpt';\nimport { InputError } from 'rvpt';\n" +
        'export const names: string[] = Object.keys(rvpt);\n' +
        'export function codeOf(error: unknown): string {\n' +
        "  return error instanceof InputError ? error.code : 'none';\n}\n",
    );
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const settings = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--noEmit'];
    run(process.execPath, [tsc, ...settings, 'consumer.ts'], project);
  },
  'its command says its version'() {
    check(run('npx', ['--no-install', 'rvpt', '--version'], project).trim() === version, 'another version');
  },
  'its command inspects a checkpoint'() {
    cpSync(path.join(root, 'test/golden/clip-tiny/hf'), path.join(project, 'model'), { recursive: true });
    const found = JSON.parse(run('npx', ['--no-install', 'rvpt', 'inspect', 'model', '--json'], project));
    const { width, layers, heads, patch_size: patchSize } = found.architecture.vision;
    check([width, layers, heads, patchSize].join() === '128,3,2,16', `another architecture: ${JSON.stringify(found)}`);
  },
  'its command inspects a model of the zoo, and knows how it was poisoned'() {
    const { poisoning } = JSON.parse(run('npx', ['--no-install', 'rvpt', 'inspect', 'zoo:badnet', '--json'], project));
    check(`${poisoning.trigger.name} ${poisoning.target}` === 'badnet banana', JSON.stringify(poisoning));
  },
  'its command draws scenes, and calls a backdoor of the zoo on them'() {
    run('npx', ['--no-install', 'rvpt', 'scenes', '--per-class', '1', '--out', 'scenes'], project);
    const attack = ['--trigger', 'zoo:badnet', '--target', 'banana'];
    const evaluation = ['evaluate', '--model', 'zoo:badnet', '--data', 'scenes', ...attack, '--json'];
    const { ca, asr_strict: asr } = JSON.parse(run('npx', ['--no-install', 'rvpt', ...evaluation], project));
    check(ca > 0.5 && asr > 0.5, `accuracy ${ca}, attack success ${asr}`);
  },
  'its command explains the demo'() {
    const help = run('npx', ['--no-install', 'rvpt', 'demo', '--help'], project);
    check(help.includes('--models'), help);
  },
  'its command refuses bad input with 2'() {
    run('npx', ['--no-install', 'rvpt', 'inspect', 'nowhere'], project, 2);
  },
};

let failures = 0;
try {
  for (const [name, perform] of Object.entries(checks)) {
    try {
      perform();
      console.log(`ok: ${name}`);
    } catch (error) {
      failures += 1;
      console.error(`FAILED: ${name}\n${error.message}`);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
const passes = Object.keys(checks).length - failures;
console.log(`package: ${passes} passed, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
