import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderMonitoring } from '../../monitoring/index.ts';
import { targets } from '../../monitoring/targets.ts';
import { thresholds } from '../../monitoring/thresholds.ts';
import { catalogue } from '../../src/catalogue/index.ts';
import { settings } from '../../src/options.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const PAGES = ['deployment', 'performance-benchmarks', 'performance-budget', 'troubleshooting', 'slo', 'runbooks'].map(
  (name) => `docs/${name}.md`,
);
const { files } = renderMonitoring({ budgets: { any: 1 } });
const alerts = new Set(
  parse(files.find(({ path }) => path.endsWith('alert-rules.yml'))?.text ?? '').groups.flatMap(
    ({ rules }: { rules: { alert: string }[] }) => rules.map(({ alert }) => alert),
  ),
);
const boards = files
  .filter(({ path }) => path.endsWith('.json'))
  .map(({ text }) => JSON.parse(text) as { uid: string; title: string });

/** The anchor that a heading gets. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchors = (path: string) => [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

describe.each([...PAGES, 'README.md'])('%s', (page) => {
  const text = read(page);

  it('leads nowhere that is not there', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?:)/.test(target)) {
        const uid = /localhost:3000\/d\/([\w-]+)/.exec(target)?.[1];
        if (uid !== undefined) expect(boards.map((board) => board.uid)).toContain(uid);
        continue;
      }
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      expect(existsSync(join(ROOT, file)), target).toBe(true);
      if (anchor !== undefined) expect(anchors(file), target).toContain(anchor);
    }
  });

  it('names alerts, metrics and files that exist', () => {
    const words = [...text.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word);
    for (const word of words.filter((each) => /^[A-Z][a-z]+[A-Za-z]*[A-Z][A-Za-z]+$/.test(each))) {
      if (alerts.has(word) || KNOWN.includes(word)) continue;
      expect.fail(`${word} is no alert`);
    }
    const names = new Set(Object.values(catalogue).map(({ name }) => name as string));
    for (const word of words.filter((each) => /^(gaugeway|gen_ai|http\.server|db\.client)\.[a-z_.]+$/.test(each))) {
      if (!word.includes('request.header')) expect([...names, ...ATTRIBUTES], word).toContain(word);
    }
    for (const word of words.filter((each) => /^(deploy|examples|monitoring|docs)\/[\w./-]+\.\w+$/.test(each))) {
      expect(existsSync(join(ROOT, word)), word).toBe(true);
    }
  });

  it('names variables of ours that exist', () => {
    const variables = Object.values(settings).flatMap((setting) => setting.variables as readonly string[]);
    for (const [name] of text.matchAll(/\bGAUGEWAY_[A-Z_]+\b/g)) {
      if (!name.startsWith('GAUGEWAY_DEMO')) expect(variables).toContain(name);
    }
  });
});

/** Names in this form that are no alerts. */
const KNOWN = [
  'PerformanceBudgetMonitor',
  'PerformanceMonitor',
  'PerformanceCollector',
  'TrackPerformance',
  'ClassName',
  'MeterProvider',
];
const ATTRIBUTES = Object.values(catalogue).flatMap(({ attributes }) => attributes as readonly string[]);

describe('the numbers of the documents', () => {
  it('targets are those that `gaugeway budget` enforces', () => {
    const rows = [
      ...read('docs/performance-benchmarks.md').matchAll(/^\| (API request|Database query) \| (P\d\d) \|(.+)\|$/gm),
    ];
    const listed = rows.map(([, what, percentile, levels = '']) => [
      `${what === 'API request' ? 'api' : 'db'}${percentile}Ms`,
      levels.split('|').map((level) => Number.parseFloat(level)),
    ]);
    const { errorShare, ...times } = targets;
    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries(Object.entries(times).map(([name, levels]) => [name, Object.values(levels)])),
    );
    const [, shares = ''] =
      /^\| Failed requests \(5xx\) \| share \|(.+)\|$/m.exec(read('docs/performance-benchmarks.md')) ?? [];
    expect(shares.split('|').map((share) => Number.parseFloat(share) / 100)).toEqual(Object.values(errorShare));
  });

  it('limits are those of the alerts', () => {
    const budget = read('docs/performance-budget.md');
    const { firstChunkMs, modelLatencyMs, costPerHourUsd, dbQueryMs } = thresholds;
    expect(budget).toContain(`P95 ${firstChunkMs.warning / 1000} s (\`firstChunkMs\`)`);
    expect(budget).toContain(`P95 ${modelLatencyMs.warning / 1000} s (\`modelLatencyMs\`)`);
    expect(budget).toContain(`${costPerHourUsd.warning} USD per hour (\`costPerHourUsd\`)`);
    expect(budget).toContain(`beyond ${dbQueryMs.warning} ms`);
    const parts = [...budget.matchAll(/^\| [A-Z][^|]+\| (\d+) ms \|/gm)].map(([, part]) => Number(part));
    expect(parts.slice(0, 4).reduce((sum, part) => sum + part, 0)).toBe(100);
  });

  it('every page, script and style that ships stays below 100 kB', () => {
    const shipped = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    for (const path of shipped.filter((each) => /\.(html|css|js|mjs|svg)$/.test(each))) {
      expect(statSync(join(ROOT, 'src', path)).size, path).toBeLessThan(100_000);
    }
  });
});

describe('README.md', () => {
  it('says where to look after `docker compose up`', () => {
    const text = read('README.md');
    for (const where of [
      'localhost:3000/d/gaugeway-performance',
      'localhost:9090/alerts',
      'localhost:9093',
      'localhost:16686',
    ]) {
      expect(text).toContain(`http://${where}`);
    }
  });
});
