import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runApp } from '../helpers/run-app.ts';

const folder = mkdtempSync(join(tmpdir(), 'gaugeway-load-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The load test against limits of this many milliseconds, so that no machine is too slow or too fast. */
function load(limitMs: number) {
  const levels = { target: limitMs, warning: limitMs, critical: limitMs };
  const names = ['apiP50Ms', 'apiP95Ms', 'apiP99Ms', 'dbP50Ms', 'dbP95Ms', 'dbP99Ms'];
  const config = join(folder, `${limitMs}.json`);
  writeFileSync(config, JSON.stringify({ targets: Object.fromEntries(names.map((name) => [name, levels])) }));
  return runApp({
    file: 'examples/load-test/run.mjs',
    args: ['--seconds', '3', '--rate', '60', '--connections', '4', '--config', config],
    limitMs: 60_000,
  });
}

describe('npm run load', () => {
  it('ends well where the service is within its budgets', async () => {
    const { code, stdout } = await load(60_000);
    expect(stdout).toMatch(/^\d+ requests in 3 s over 4 connections, 0 errors\n/);
    expect(stdout).toMatch(/✓ requests to \/items\/:id P95: [\d.]+ ms, budget 60000 ms/);
    expect(stdout).toMatch(/✓ queries sqlite INSERT P99: [\d.]+ ms/);
    expect(stdout).toContain('✓ failed requests: 0 %');
    expect(code).toBe(0);
  });

  it('fails a build where it is not', async () => {
    const { code, stdout } = await load(0.0001);
    expect(stdout).toMatch(/✗ requests to \/items P50: .*\n +→ .* times its budget, and critical/);
    expect(stdout).toContain('Not within budget');
    expect(code).toBe(1);
  });
});
