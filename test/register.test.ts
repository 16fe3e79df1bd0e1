import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startReceiver } from './helpers/receiver.ts';
import { type AppEnd, NODES, type NodeVersion, nodePath, REGISTER, ROOT, runApp } from './helpers/run-app.ts';

const execute = promisify(execFile);
const receiver = await startReceiver();
const folder = mkdtempSync(join(tmpdir(), 'gaugeway-'));
const tsx = join(ROOT, 'node_modules/tsx/dist/loader.mjs');

/** An application's folder with the packed package in its own node_modules, beside links to the dependencies. */
beforeAll(async () => {
  await execute('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const [tarball = ''] = readdirSync(folder);
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'gaugeway'), { recursive: true });
  await execute('tar', ['-xf', join(folder, tarball), '-C', join(modules, 'gaugeway'), '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
  const folders = Object.keys(dependencies).map((name) => name.split('/')[0] as string);
  for (const name of new Set([...folders, 'pg-boss'])) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
});
afterEach(() => receiver.reset());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await receiver.close();
});

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  '--import of a file': REGISTER,
  '--require of a file': ['--require', join(ROOT, 'dist/src/register.js')],
  '--import of the package': ['--import', 'gaugeway/register'],
  '--require of the package': ['--require', 'gaugeway/register'],
};
const CALL = `modelCalls.run({ provider: 'custom', model: 'm' }, async (call) => { call.end({}); });`;
const FORMS: readonly [file: string, source: string, flags: readonly string[]][] = [
  ['app.mjs', `import { modelCalls } from 'gaugeway';\n${CALL}`, []],
  ['app.cjs', `const { modelCalls } = require('gaugeway');\n${CALL}`, []],
  ['app.mts', `import { modelCalls } from 'gaugeway';\nconst typed: string = 'x';\n${CALL}\nvoid typed;`, []],
  ['app.cts', `const { modelCalls } = require('gaugeway');\nconst typed: string = 'x';\n${CALL}\nvoid typed;`, []],
  ['tsx.ts', `import { modelCalls } from 'gaugeway';\nenum Kind { A }\n${CALL}\nvoid Kind.A;`, ['--import', tsx]],
];

/** Counts the files of ours and of OpenTelemetry that one process has under several addresses. */
const COUNT_COPIES = `
  import { realpathSync } from 'node:fs';
  import { registerHooks } from 'node:module';
  import { fileURLToPath } from 'node:url';
  const addresses = new Map();
  registerHooks({
    load(url, context, next) {
      if (/gaugeway|@opentelemetry/.test(url) && url.startsWith('file:')) {
        const file = realpathSync(fileURLToPath(url));
        addresses.set(file, new Set(addresses.get(file)).add(url));
      }
      return next(url, context);
    },
  });
  process.on('exit', () => {
    const copies = [...addresses].filter(([, of]) => of.size > 1).map(([file]) => file);
    console.log(JSON.stringify([addresses.size > 300, copies]));
  });
`;

/**
 * By the package's name all forms, by a file the plain ones. With any `--import`, of an empty file too, Node 22 reads
 * `.cts` by its loader of ES modules, whose `require` cannot link an ES module of several files.
 */
function formsFor(node: NodeVersion, by: string): typeof FORMS {
  const forms = by.endsWith('file') ? FORMS.slice(0, 2) : FORMS;
  return forms.filter(([name]) => !(node === '22' && name === 'app.cts' && by.startsWith('--import')));
}

function run(node: NodeVersion, flags: readonly string[], file: string, env: Record<string, string> = {}) {
  return runApp({ node, flags, file, cwd: folder, env: { ...receiver.env, ...env } });
}

function write(name: string, source: string): string {
  const file = join(folder, name);
  writeFileSync(file, source);
  return file;
}

/** Node 22 says on stderr that stripping types is an experiment. */
const withoutExperiments = ({ stderr }: AppEnd): string =>
  stderr.replaceAll(/^\(node:\d+\) ExperimentalWarning: Type Stripping.*\n(\(Use .*\n)?/gm, '');

describe.each(NODES)('on Node %s', (node) => {
  describe.each(Object.entries(FLAGS))('%s', (by, flags) => {
    it.each(formsFor(node, by))('measures an application in %s', async (name, source, more) => {
      const end = await run(node, [...flags, ...more], write(name, source));
      expect(withoutExperiments(end)).toBe('');
      expect(end).toMatchObject({ code: 0, signal: null, stdout: '' });
      expect(receiver.total('gen_ai.client.operation.duration')).toBe(1);
      expect(receiver.spans).toHaveLength(1);
    });
  });

  it.each(['app.mjs', 'app.cjs'])('hooks a library of %s, in the main thread and in a worker', async (name) => {
    const isModule = name.endsWith('.mjs');
    const worker = isModule ? 'new URL(import.meta.url)' : '__filename';
    const file = write(
      `hook-${name}`,
      `${isModule ? `import 'pg-boss'; import { Worker, isMainThread } from 'node:worker_threads';` : `require('pg-boss'); const { Worker, isMainThread } = require('node:worker_threads');`}
      if (isMainThread) new Worker(${worker});`,
    );
    const end = await run(node, FLAGS['--import of the package'] ?? [], file);
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/pg-boss/package.json'), 'utf8'));
    const hooks = receiver
      .points('gaugeway.self.hooks', { 'gaugeway.hook.name': 'pg-boss', 'gaugeway.hook.version': version })
      .map(({ attributes, resource }) => [resource['thread.id'] ?? 0, attributes['gaugeway.hook.state']]);
    expect(hooks.sort()).toEqual([
      [0, 'active'],
      [1, 'active'],
    ]);
  });

  it('every process of a cluster exports by itself', async () => {
    const file = write(
      'cluster.mjs',
      `import cluster from 'node:cluster';
      import { modelCalls } from 'gaugeway';
      await ${CALL}
      if (cluster.isPrimary) for (let i = 0; i < 2; i++) cluster.fork().on('online', function () { this.disconnect(); });`,
    );
    const end = await run(node, FLAGS['--import of the package'] ?? [], file);
    expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const points = receiver.points('gen_ai.client.operation.duration');
    expect(new Set(points.map(({ resource }) => resource['service.instance.id'])).size).toBe(3);
  });

  it.each(Object.entries(FLAGS))('with OTEL_SDK_DISABLED=true %s loads nothing', async (_, flags) => {
    const source = `
      console.log(JSON.stringify([process.moduleLoadList.length, Object.keys(require.cache).length]));
      console.log(Object.getOwnPropertySymbols(globalThis).filter((key) => /gaugeway|opentelemetry/.test(String(key))).length);
      console.log(process.listenerCount('beforeExit') + process.listenerCount('SIGTERM'));`;
    const file = write('count.cjs', source);
    const seen = async (env: Record<string, string>) => {
      const end = await run(node, flags, file, env);
      expect(end).toMatchObject({ code: 0, stderr: '' });
      const [counts = '', ...rest] = end.stdout.split('\n');
      return { counts: JSON.parse(counts) as number[], rest };
    };
    const disabled = await seen({ OTEL_SDK_DISABLED: ' True ' });
    expect(receiver.requests).toEqual([]);
    const enabled = await seen({});
    expect(disabled.rest).toEqual(['0', '0', '']);
    expect(disabled.counts[1]).toBeLessThanOrEqual(2);
    expect(enabled.counts[0]).toBeGreaterThan((disabled.counts[0] ?? 0) + 20);
    expect(enabled.rest).not.toEqual(disabled.rest);
    // A machine that stalls may export a second time at the end.
    expect(new Set(receiver.requests.map(({ path }) => path))).toEqual(new Set(['/v1/metrics']));
  });
});

it('a fault of our own set-up is one line, and the application runs', async () => {
  const file = write('plain.mjs', `console.log('mine');`);
  const broken = join(folder, 'broken');
  cpSync(join(folder, 'node_modules/gaugeway'), broken, { recursive: true });
  writeFileSync(join(broken, 'dist/src/setup.js'), 'throw new Error("ours");');
  const end = await run('24', ['--import', join(broken, 'dist/src/register.js')], file);
  expect(end).toMatchObject({ code: 0, stdout: 'mine\n' });
  expect(end.stderr).toMatch(/^gaugeway: nothing is measured, setting up failed: Error: ours [^\n]*\n$/);
});

it('a program started by NODE_OPTIONS through another one is measured, and its launcher says nothing', async () => {
  const file = write('launched.mjs', `import { modelCalls } from 'gaugeway';\n${CALL}`);
  const launcher = write(
    'launcher.mjs',
    `import { spawnSync } from 'node:child_process';
    process.exitCode = spawnSync(${JSON.stringify(nodePath('24'))}, [${JSON.stringify(file)}], { stdio: 'inherit' }).status;`,
  );
  const end = await run('24', [], launcher, { NODE_OPTIONS: '--import gaugeway/register' });
  expect(end).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(receiver.total('gen_ai.client.operation.duration')).toBe(1);
});

it.each(NODES)('has each of its modules once, those that the application imports too, on Node %s', async (node) => {
  writeFileSync(join(folder, 'copies.mjs'), COUNT_COPIES);
  const source = `import { metrics } from '@opentelemetry/api';\nimport { modelCalls } from 'gaugeway';\nawait ${CALL}`;
  writeFileSync(join(folder, 'once.mjs'), `${source}\nmetrics.getMeter('mine').createCounter('mine').add(1);`);
  const flags = ['--import', './copies.mjs', '--import', 'gaugeway/register'];
  const end = await run(node, flags, join(folder, 'once.mjs'));
  expect(end).toMatchObject({ code: 0, stdout: '[true,[]]\n', stderr: '' });
  expect([receiver.total('mine'), receiver.total('gen_ai.client.operation.duration')]).toEqual([1, 1]);
});
