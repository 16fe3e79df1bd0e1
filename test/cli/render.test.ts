import { exec } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type AppEnd, NODES, type NodeVersion, nodePath, ROOT, runApp } from '../helpers/run-app.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gaugeway-render-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function render(args: readonly string[] = [], node: NodeVersion = '24'): Promise<AppEnd> {
  return runApp({ file: 'dist/src/cli/index.js', args: ['render', ...args], cwd: folder, node });
}
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const read = (path: string) => readFileSync(join(folder, 'monitoring', path), 'utf8');
const rule = (name: string) =>
  parse(read('prometheus/alert-rules.yml'))
    .groups.flatMap(({ rules }: { rules: { alert: string; expr: string }[] }) => rules)
    .find(({ alert }: { alert: string }) => alert === name);

describe.each(NODES)('gaugeway render on Node %s', (node) => {
  it('writes rules and dashboards for the limits of a TypeScript module', async () => {
    write(
      'gaugeway.config.ts',
      `interface Limits { warning: number; critical: number }
       const apiLatencyMs: Limits = { warning: 150, critical: 300 };
       export default { thresholds: { apiLatencyMs }, budgets: { 'load documents': 500 } };`,
    );
    const { code, stdout, stderr } = await render(['--config', 'gaugeway.config.ts'], node);
    expect(stderr.replace(/.*ExperimentalWarning.*\n.*--trace-warnings.*\n/, '')).toBe('');
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(11);
    expect(rule('HighAPILatency').expr).toContain('> 0.15');
    expect(rule('CriticalAPILatency').expr).toContain('> 0.3');
    expect(rule('OperationOverBudget').expr).toContain('gaugeway_operation_name="load documents"');
    const board = JSON.parse(read('grafana/performance-dashboard.json'));
    expect(JSON.stringify(board)).toContain('{"color":"orange","value":0.15}');
  });
});

describe('gaugeway render', () => {
  it('writes the defaults without a configuration, and where it is told to', async () => {
    expect(await render(['--out', 'monitoring/deep/down'])).toMatchObject({ code: 0, stderr: '' });
    const shipped = readFileSync(join(ROOT, 'monitoring/grafana/models-dashboard.json'), 'utf8');
    expect(read('deep/down/grafana/models-dashboard.json')).toBe(shipped);
    const links = read('deep/down/prometheus/alert-rules.yml').match(/runbook_url: "[^#]+/g);
    expect(new Set(links)).toEqual(new Set(['runbook_url: "monitoring/deep/down/runbooks.md']));
    expect(read('deep/down/runbooks.md')).toContain('### HighAPILatency');
  });

  it('reads JSON, and tells which files are not up to date without touching them', async () => {
    write('limits.json', '{ "slos": { "job-wait": false } }');
    await render();
    const before = read('prometheus/slo-rules.yml');
    const stale = await render(['--config', 'limits.json', '--check']);
    expect(stale.code).toBe(1);
    expect(stale.stdout).toContain('monitoring/prometheus/slo-rules.yml is not what the configuration says');
    expect(read('prometheus/slo-rules.yml')).toBe(before);
    expect((await render(['--config', 'limits.json'])).stdout).not.toContain('jobs-dashboard.json');
    expect(await render(['--config', 'limits.json', '--check'])).toMatchObject({
      code: 0,
      stdout: 'monitoring is up to date\n',
    });
  });

  it('says that a limit between two boundaries makes the percentile a guess', async () => {
    write('a.mjs', 'export default { thresholds: { apiLatencyMs: { critical: 310 } } };');
    const { code, stderr } = await render(['--config', 'a.mjs']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^gaugeway: Threshold apiLatencyMs.critical is 310 ms.*between 300 ms and 500 ms/);
  });

  it.each([
    ['{ thresholds: { apiLatencyMS: {} } }', 'unknown threshold "apiLatencyMS"; the thresholds are apiLatencyMs,'],
    ['{ thresholds: { apiLatencyMs: { warning: 300 } } }', 'critical must be above warning'],
    ['{ threshold: {} }', 'unknown option "threshold"; the options are thresholds,'],
    ['{ targets: { apiP90Ms: {} } }', 'unknown target "apiP90Ms"; the targets are apiP50Ms,'],
    ['{ targets: { apiP95Ms: { target: 400 } } }', 'target "apiP95Ms" is 400, 150, 200: they must not fall'],
    ['{ targets: { errorShare: { warning: "1" } } }', 'must have numbers above 0, not 1'],
    ['{ slos: { "api-avail": 0.9 } }', 'unknown SLO "api-avail"'],
    ['{ minimumTraffic: { HighApiLatency: 1 } }', 'minimumTraffic names no rule "HighApiLatency"'],
    ['{ budgets: { load: "1 s" } }', 'the budget of "load" must be a number of milliseconds above 0'],
    ['null', 'the configuration must be an object'],
  ])('refuses %s and writes nothing', async (text, problem) => {
    write('a.mjs', `export default ${text};`);
    const { code, stdout, stderr } = await render(['--config', 'a.mjs']);
    expect(stderr).toMatch(/^gaugeway: [^\n]+\n$/);
    expect(stderr).toContain(problem);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(() => read('prometheus/alert-rules.yml')).toThrow('ENOENT');
  });

  it.each([
    ['none.mjs', undefined, 'Cannot find module'],
    ['none.json', undefined, 'ENOENT'],
    ['broken.json', '{', 'JSON'],
    ['throws.mjs', 'throw new Error("no limits today")', 'no limits today'],
    ['empty.mjs', 'export const thresholds = {};', 'has no default export'],
  ])('says what is wrong with the file %s', async (name, text, problem) => {
    if (text !== undefined) write(name, text);
    const { code, stderr } = await render(['--config', name]);
    expect(stderr).toMatch(new RegExp(`^gaugeway: ${name}: [^\\n]+\\n$|^gaugeway: ${name} has [^\\n]+\\n$`));
    expect(stderr).toContain(problem);
    expect(code).toBe(1);
  });

  it('writes everything although nobody reads what it says', async () => {
    const command = `"${nodePath('24')}" "${join(ROOT, 'dist/src/cli/index.js')}" render | true`;
    const { stderr } = await promisify(exec)(command, { cwd: folder });
    expect(stderr).toBe('');
    expect(read('slo.md')).toContain('# Service level objectives');
  });

  it('needs no package beside this one: the SDK of Grafana is for its types alone', () => {
    const folder = join(ROOT, 'dist/monitoring');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'));
    const imports = files.flatMap((path) =>
      readFileSync(join(folder, path), 'utf8')
        .split('\n')
        .flatMap((line) => /^(?:import|export|}) .*from '([^']+)';$/.exec(line)?.[1] ?? []),
    );
    expect(imports.length).toBeGreaterThan(50);
    expect(imports.filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  it('takes no argument for one that it does not know', async () => {
    expect(await render(['--configuration', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Unknown option '--configuration'"),
    });
  });
});
