import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type AppFolder, makeAppFolder } from '../helpers/app-folder.ts';
import { type Attributes, type Receiver, startReceiver } from '../helpers/receiver.ts';
import { type NodeVersion, REGISTER, ROOT, runApp } from '../helpers/run-app.ts';

export const RUNS = 'gaugeway.job.run.duration';
export const SUCCESS = { 'gaugeway.job.result': 'success' };
export const FAILURE = { 'gaugeway.job.result': 'failure' };

/** Attributes of a job by the name of its task. */
export const job = (name: string, more: Attributes = {}): Attributes => ({
  'gaugeway.job.system.name': 'graphile_worker',
  'gaugeway.job.name': name,
  ...more,
});

/** The versions, with how an application loads each of them. */
export const VERSIONS = [
  { version: '0.16', alias: 'graphile-worker-0.16', forms: [{ form: 'mjs' }, { form: 'cjs' }] },
  { version: '0.17', alias: 'graphile-worker-0.17', forms: [{ form: 'mjs' }, { form: 'cjs' }] },
  {
    version: '0.18',
    alias: 'graphile-worker',
    forms: [{ form: 'mjs' }, { form: 'cjs' }, { form: 'mjs', node: '22' }, { form: 'cjs', node: '26' }],
  },
] as const;

interface Form {
  readonly form: 'mjs' | 'cjs';
  readonly node?: NodeVersion;
}

/** An application with this version, for the tests of a block. */
export function useApp(alias: string, createDatabase: () => Promise<string>) {
  let folder: AppFolder;
  const files = {} as Record<'mjs' | 'cjs', string>;
  beforeAll(() => {
    folder = makeAppFolder({ 'graphile-worker': alias });
    folder.write('life.mjs', readFileSync(join(ROOT, 'test/fixtures/graphile-worker/life.mjs'), 'utf8'));
    const mjs = "import * as library from 'graphile-worker';\nimport { run } from './life.mjs';\nawait run(library);\n";
    const cjs = "const library = require('graphile-worker');\nimport('./life.mjs').then(({ run }) => run(library));\n";
    files.mjs = folder.write('app.mjs', mjs);
    files.cjs = folder.write('app.cjs', cjs);
  });
  afterAll(() => folder.remove());

  /** Runs the application with us and hands over what it exported. */
  async function measured(
    { form, node }: Form,
    env: Record<string, string>,
    look: (receiver: Receiver, stdout: string) => void | Promise<void>,
    started: (receiver: Receiver) => void = () => {},
  ): Promise<void> {
    const receiver = await startReceiver();
    started(receiver);
    try {
      const end = await runApp({
        ...(node === undefined ? {} : { node }),
        file: files[form],
        flags: REGISTER,
        env: { ...receiver.env, DATABASE_URL: await createDatabase(), ...env },
      });
      expect(end).toMatchObject({ code: 0, signal: null, stderr: '' });
      await look(receiver, end.stdout);
    } finally {
      await receiver.close();
    }
  }

  return { files, measured, write: (name: string, text: string) => folder.write(name, text) };
}
