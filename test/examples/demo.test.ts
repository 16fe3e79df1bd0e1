import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseSamples } from '../../examples/demo/scrape.ts';
import { amount } from '../../examples/demo/table.ts';
import type { Ledger, LedgerEntry } from '../../examples/mock-provider/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gaugeway-demo-'));
const started = new Set<ChildProcess>();

afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Demo {
  child: ChildProcess;
  stdout(): string;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function startDemo(variables: Record<string, string>): Demo {
  const child = spawn(process.execPath, ['examples/demo/start.ts'], {
    cwd: ROOT,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, stdout, stderr }));
  return { child, stdout: () => stdout, ended };
}

/** The process ids of gateway and orchestrator, from the metrics that they serve. */
async function partsOf(demo: Demo): Promise<Record<string, number>> {
  await expect.poll(demo.stdout, { timeout: 60_000, interval: 100 }).toContain('orchestrator  http');
  const urls = [...demo.stdout().matchAll(/^ {2}(\w+) +(http:\S+)$/gm)];
  const pairs = urls.map(async ([, name = '', url = '']) => {
    const samples = parseSamples(await (await fetch(url)).text());
    return [name, Number(samples.find((sample) => sample.name === 'target_info')?.labels.process_pid)] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}

/** A table of the output as records, by its header. */
function readTable(text: string, firstColumn: string): Record<string, string>[] {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`${firstColumn} `));
  const split = (line: string) => line.trim().split(/ {2,}| (?=\d+$)/);
  const titles = split(lines[from] ?? '');
  const rows = lines.slice(from + 1, lines.indexOf('', from));
  return rows.map((row) => {
    const cells = split(row);
    return Object.fromEntries(titles.map((title, index) => [title, cells[index] ?? '']));
  });
}

describe('npm run demo without a terminal', () => {
  let result: { code: number | null; stdout: string; stderr: string };
  let ledger: Ledger;

  beforeAll(async () => {
    const report = join(folder, 'report.json');
    // A shell that is set up for other things must make no difference.
    const demo = startDemo({
      GAUGEWAY_DEMO_SECONDS: '6',
      GAUGEWAY_DEMO_REPORT: report,
      GAUGEWAY_MODEL_ENDPOINTS: 'nonsense',
      GAUGEWAY_GENAI_NAMES: 'latest',
      OTEL_SDK_DISABLED: 'true',
      OTEL_METRICS_EXPORTER: 'console',
      OTEL_EXPORTER_PROMETHEUS_PORT: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OPENAI_BASE_URL: 'http://127.0.0.1:1',
      ANTHROPIC_AUTH_TOKEN: 'a-token',
      GOOGLE_GENAI_USE_VERTEXAI: 'true',
      HTTP_PROXY: 'http://127.0.0.1:1',
      http_proxy: 'http://127.0.0.1:1',
      NODE_USE_ENV_PROXY: '1',
      FORCE_COLOR: '1',
      PORT: '1',
    });
    result = await demo.ended;
    if (result.code === 0) ledger = JSON.parse(readFileSync(report, 'utf8')).ledger;
  }, 120_000);

  it('ends with 0 and says nothing on stderr', () => {
    expect(result).toMatchObject({ code: 0, stderr: '' });
  });

  it('prints the calls, errors and tokens of every model as the provider counted them', () => {
    const rows = readTable(result.stdout, 'model');
    const errorsOf = (entry: LedgerEntry) => Object.values(entry.errors).reduce((sum, n) => sum + n, entry.dropped);
    const expected = Object.entries(ledger).map(([model, entry]) => ({
      model,
      calls: amount(entry.requests),
      input: amount(entry.reportedInputTokens),
      output: model.includes('embedding') ? '–' : amount(entry.reportedOutputTokens),
      errors: amount(errorsOf(entry)),
      active: '0',
    }));
    expect(rows).toHaveLength(5);
    expect(rows).toEqual(expect.arrayContaining(expected.map((row) => expect.objectContaining(row))));
    expect(result.stdout).toContain('The provider counted the same for every model');
  });

  it('prints durations of every model and, of those that stream, the first chunk and the speed', () => {
    for (const row of readTable(result.stdout, 'model')) {
      const time = /^\d+(\.\d)? m?s$/;
      expect(row).toMatchObject({
        P50: expect.stringMatching(time),
        P90: expect.stringMatching(time),
        P99: expect.stringMatching(time),
        TTFC: expect.stringMatching(row.model?.includes('embedding') ? '–' : time),
        'tok/s': expect.stringMatching(row.model?.includes('embedding') ? '–' : /^\d+$/),
      });
    }
  });

  it('shows rate limits, server errors and dropped streams by type', () => {
    const entries = Object.values(ledger);
    const types = result.stdout.slice(result.stdout.indexOf('by type'));
    const countOf = (pattern: RegExp) => [...types.matchAll(pattern)].reduce((sum, [, n]) => sum + Number(n), 0);
    const served = (status: string) => entries.reduce((sum, { errors }) => sum + (errors[status] ?? 0), 0);
    const dropped = entries.reduce((sum, entry) => sum + entry.dropped, 0);
    expect(served('429') + served('500') + dropped).toBeGreaterThan(0);
    expect(countOf(/(\d+) (?:rate_limit_exceeded|rate_limit_error|RESOURCE_EXHAUSTED)/g)).toBe(served('429'));
    expect(countOf(/(\d+) (?:server_error|api_error|INTERNAL)/g)).toBe(served('500'));
    expect(countOf(/(\d+) UND_ERR_SOCKET/g)).toBe(dropped);
  });

  it('prints runs, waits and durations of every kind of job', () => {
    const rows = readTable(result.stdout, 'job');
    expect(rows.map(({ job }) => job)).toEqual(['index-document', 'research-topic', 'summarize-ticket']);
    for (const row of rows) {
      const time = /^\d+(\.\d)? m?s$/;
      expect(row).toMatchObject({
        runs: expect.stringMatching(/^[1-9]\d*$/),
        'waiting P50': expect.stringMatching(time),
        'run P50': expect.stringMatching(time),
        'run P90': expect.stringMatching(time),
        failures: expect.stringMatching(/^\d+$/),
        retries: expect.stringMatching(/^\d+$/),
        active: '0',
      });
    }
    expect(Number(rows[0]?.failures)).toBeGreaterThan(0);
  });

  it('fits 100 columns and uses no colours or cursor movements', () => {
    expect(Math.max(...result.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(result.stdout).not.toContain('\u001b');
  });
});

describe('the processes of the demo', () => {
  it('are named when one of them dies, and the demo ends with 1', { timeout: 90_000 }, async () => {
    const demo = startDemo({ GAUGEWAY_DEMO_SECONDS: '60' });
    const { gateway, orchestrator } = await partsOf(demo);
    process.kill(gateway ?? 0, 'SIGKILL');
    const { code, stderr } = await demo.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The demo failed\. The gateway ended with /);
    expect(() => process.kill(orchestrator ?? 0, 0)).toThrow('ESRCH');
  });

  it('do not outlive a demo that is killed outright', { timeout: 90_000 }, async () => {
    const demo = startDemo({ GAUGEWAY_DEMO_SECONDS: '60' });
    const parts = Object.values(await partsOf(demo));
    expect(parts).toHaveLength(2);
    demo.child.kill('SIGKILL');
    await demo.ended;
    for (const pid of parts) {
      await expect.poll(() => isRunning(pid), { timeout: 10_000, interval: 50 }).toBe(false);
    }
  });

  it('are not started for a duration that is none', async () => {
    const { code, stdout, stderr } = await startDemo({ GAUGEWAY_DEMO_SECONDS: 'soon' }).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('GAUGEWAY_DEMO_SECONDS="soon" must be a number of seconds');
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
