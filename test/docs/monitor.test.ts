import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/catalogue/index.ts';
import * as monitor from '../../src/monitor/index.ts';
import { runApp } from '../helpers/run-app.ts';

const page = readFileSync(new URL('../../docs/monitor.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```(js|ts)\n([\s\S]*?)```/g)].map(([, language, text]) => ({
  source: language === 'ts' ? transformSync(text as string, { loader: 'ts', target: 'es2022' }).code : (text as string),
}));

/** What each of them says, in their order. */
const SAID = [
  '7 true 0\n',
  'ms api.render api.users.list\n',
  '1\n',
  'users.load 1\n',
  '0\n',
  '1 1\n',
  'api.users.list 380 1.9\n5m\n',
  "Long running job detected: job-1 { durationMs: 301000, tags: { name: 'report' } }\n850 4\n",
  '50 3\n12 2\n',
];

describe('docs/monitor.md', () => {
  it.each(examples.map(({ source }, index) => [index, source] as const))(
    'example %i runs as it stands',
    async (index, source) => {
      const { code, stdout, stderr } = await runApp({ source });
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: SAID[index], stderr: '' });
    },
  );

  it('names only metrics that exist', () => {
    const known: string[] = Object.values(catalogue).map(({ name }) => name);
    const table = page.slice(page.indexOf('| From '));
    const rows = table.split('\n').filter((line) => line.startsWith('| '));
    const named = rows
      .slice(1)
      .filter((row) => !row.includes('attributes'))
      .flatMap((row) => [...(row.split('|')[3] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name as string));
    expect(named.length).toBeGreaterThan(15);
    for (const name of named.filter((one) => one !== 'error.type')) expect(known).toContain(name);
  });

  it('names only what a monitor, a collector or the entry point has', () => {
    const collector = new monitor.PerformanceCollector(undefined, { observe: false });
    const points = monitor.createPerformanceMonitor({ observe: false });
    const tables = page.split('\n').filter((line) => /^\| `/.test(line));
    const calls = tables.flatMap((row) => [
      ...(row.split('|')[1] ?? '').matchAll(/`(?:using timed = monitor\.)?@?(\w+)\(/g),
    ]);
    expect(calls.length).toBeGreaterThan(12);
    for (const [, name] of calls) {
      expect([
        name,
        (name as string) in collector || (name as string) in points || (name as string) in monitor,
      ]).toEqual([name, true]);
    }
    points.stop();
  });
});
