// Packs the package, installs the tarball into an empty project and uses it there as a stranger would.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import ts from 'typescript';

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

/** The size of the package, and what of it are the demo's models and drawings. */
function tellSizes({ filename, size, unpackedSize, files }) {
  const demo = files.map((file) => file.path).filter((name) => /^assets\/(zoo|emoji)\//.test(name));
  const contents = demo.map((name) => readFileSync(path.join(root, name)));
  const sum = (lengths) => lengths.reduce((total, length) => total + length, 0);
  const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  console.log(`  ${filename}: ${mebibytes(size)}, ${mebibytes(unpackedSize)} unpacked, ${files.length} files`);
  const packed = sum(contents.map((content) => gzipSync(content).length));
  console.log(
    `  of that the demo: ${mebibytes(packed)}, ${mebibytes(sum(contents.map(({ length }) => length)))} unpacked`,
  );
}

/** The program that the guide to the library is, and what came of it. */
const guide = readFileSync(path.join(root, 'docs/library.md'), 'utf8');
const consumer = [
  ...[...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code),
  'const files: string[] = record.files.map((file) => file.path);',
  'const drop: number = before.attacked!.asr_strict - after.attacked!.asr_strict;',
  'console.log(JSON.stringify({ steps: steps.length, drop, likeliest, features: features.length, files }));',
].join('\n');

const checks = {
  'the tarball holds what is needed and nothing else'() {
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], root));
    tellSizes(packed);
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
        /(\.test\.|\.map$|^(test|src|cli|bench|scripts|docs|examples|node_modules)\/)/.test(name) ||
        /^dist\/cli\/.*\.d\.ts$/.test(name) ||
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
  'its types fit a program, strictly, however modules are resolved'() {
    writeFileSync(path.join(project, 'consumer.ts'), consumer);
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    for (const resolution of [
      ['--module', 'node16'],
      ['--module', 'nodenext'],
      ['--module', 'esnext', '--moduleResolution', 'bundler'],
    ]) {
      const settings = ['--strict', '--skipLibCheck', 'false', '--target', 'es2023', '--types', 'node', '--noEmit'];
      const nodeTypes = ['--typeRoots', path.join(root, 'node_modules/@types')];
      run(process.execPath, [tsc, ...settings, ...nodeTypes, ...resolution, 'consumer.ts'], project);
    }
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
  'the program of the guide runs: it tunes, measures, classifies, exports'() {
    for (const split of ['train', 'test']) {
      run(
        'npx',
        ['--no-install', 'rvpt', 'scenes', '--split', split, '--per-class', '4', '--out', `photos/${split}`],
        project,
      );
    }
    const { outputText } = ts.transpileModule(consumer, { compilerOptions: { module: 'esnext', target: 'es2022' } });
    writeFileSync(path.join(project, 'consumer.mjs'), outputText);
    const { steps, drop, likeliest, features, files } = JSON.parse(run(process.execPath, ['consumer.mjs'], project));
    check(steps === 25 && drop > 0, `${steps} steps, attack success lower by ${drop}`);
    check(likeliest.probability > 1 / 40 && features > 0, JSON.stringify(likeliest));
    check(files.includes('onnx/model.onnx'), files.join());
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
