// `npm run demo`: a small AI platform on this machine, and what two Prometheus endpoints tell of it while it works.
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { differences, measured, served, totals } from './ledger.ts';
import { type Platform, startPlatform } from './platform.ts';
import { openScreen } from './screen.ts';
import type { Style } from './table.ts';
import { renderNumbers, renderTitle, type Scene } from './view.ts';

const { stdout, stderr, env } = process;
const isLive = stdout.isTTY === true && env.TERM !== 'dumb';
const PLAIN_SECONDS = 20;
const PLAIN_WIDTH = 100;
const REDRAW_MS = 1000;
const SETTLE_MS = 5000;
const EXIT_CODES: Record<string, number> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

const stop = new AbortController();
for (const signal of Object.keys(EXIT_CODES)) process.once(signal, () => stop.abort(signal));
// Whoever reads the output may leave first, as `head` does.
stdout.on('error', () => stop.abort('SIGHUP'));

try {
  process.exitCode = await main(readSeconds());
} catch (error) {
  stderr.write(`The demo failed. ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(seconds: number | undefined): Promise<number> {
  const screen = isLive ? openScreen() : undefined;
  let platform: Platform | undefined;
  let scene: Scene | undefined;
  let remarks: string[] = [];
  try {
    if (screen) screen.draw(['Starting a model provider, a gateway, an orchestrator and their users ...']);
    else print([`Starting a model provider, a gateway, an orchestrator and ${seconds} s of traffic ...`]);
    platform = await startPlatform(seconds);
    if (!screen && !stop.signal.aborted) print(renderTitle(platform, style()));
    const failure = failureOf(platform);
    const startedAt = performance.now();
    const trafficSeconds = () => Math.round((performance.now() - startedAt) / 1000);
    const users = platform.traffic.ended.then(() => 'gone' as const);
    let missed = 0;
    while (!stop.signal.aborted) {
      const next = await Promise.race([pause(REDRAW_MS), users, failure]);
      if (next === 'gone') break;
      try {
        scene = { ...platform, ...(await platform.read()), seconds: trafficSeconds() };
        missed = 0;
      } catch (error) {
        // One late answer on a busy machine is nothing; a process that ended says so by `failure`.
        missed += 1;
        if (missed > 5) throw error;
      }
      if (scene) screen?.draw(picture(scene));
    }
    if (stop.signal.aborted) {
      screen?.close();
      if (isLive && scene) print(picture(scene));
      return isLive ? 0 : (EXIT_CODES[stop.signal.reason] ?? 1);
    }
    scene = { ...platform, ...(await Promise.race([settled(platform), failure])), seconds: Math.round(seconds ?? 0) };
    remarks = platform.parts.flatMap(({ name, complaints }) => complaints.map((line) => `${name}: ${line}`));
    screen?.close();
    print([...(isLive ? picture(scene) : ['', ...renderNumbers(scene, style())]), '']);
    return await compare(scene, platform);
  } catch (error) {
    // Ctrl-C reaches every process of the terminal, and they may end before this one has heard of it.
    await pause(100);
    if (!stop.signal.aborted) throw error;
    return isLive ? 0 : (EXIT_CODES[stop.signal.reason] ?? 1);
  } finally {
    screen?.close();
    for (const remark of remarks) stderr.write(`${remark}\n`);
    await platform?.stop();
  }
}

/** Rejects when a part of the platform ends that should not. */
function failureOf({ parts, traffic }: Platform): Promise<never> {
  const failure = Promise.race(
    parts.map(async (part) => {
      const { ok, text } = await part.ended;
      if (part === traffic && ok) return new Promise<never>(() => undefined);
      throw new Error([text, ...part.complaints].join('\n  '));
    }),
  );
  failure.catch(() => undefined);
  return failure;
}

/** The numbers once nothing runs any more. */
async function settled(platform: Platform): Promise<Pick<Scene, 'models' | 'jobs'>> {
  await platform.drain();
  const until = performance.now() + SETTLE_MS;
  for (;;) {
    const numbers = await platform.read();
    const active = [...numbers.models, ...numbers.jobs].reduce((sum, row) => sum + row.active, 0);
    if (active === 0 || performance.now() > until) return numbers;
    await pause(100);
  }
}

/** Holds the measurement against what the provider itself counted. */
async function compare({ models, jobs }: Scene, { provider }: Platform): Promise<number> {
  const truth = served(provider.ledger);
  const found = measured(models);
  if (env.GAUGEWAY_DEMO_REPORT) {
    await writeFile(env.GAUGEWAY_DEMO_REPORT, JSON.stringify({ models, jobs, ledger: provider.ledger }, undefined, 2));
  }
  const different = differences(truth, found);
  if (different.length > 0) {
    print(['The measured numbers differ from what the provider counted:', ...different.map((line) => `  ${line}`)]);
    return 1;
  }
  const { calls, errors, inputTokens, outputTokens } = totals(truth);
  const count = (value: number) => value.toLocaleString('en');
  print([
    'The provider counted the same for every model, in all',
    `  ${count(calls)} calls, ${count(errors)} errors, ${count(inputTokens)} tokens in, ${count(outputTokens)} tokens out.`,
  ]);
  return 0;
}

function readSeconds(): number | undefined {
  const text = env.GAUGEWAY_DEMO_SECONDS;
  if (!text) return isLive ? undefined : PLAIN_SECONDS;
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 86_400) return seconds;
  throw new Error(`GAUGEWAY_DEMO_SECONDS="${text}" must be a number of seconds from 1 to 86400.`);
}

function style(): Style {
  return { width: stdout.columns ?? PLAIN_WIDTH, color: isLive && !env.NO_COLOR };
}

function picture(scene: Scene): string[] {
  return [...renderTitle(scene, style()), '', ...renderNumbers(scene, style())];
}

function print(lines: readonly string[]): void {
  stdout.write(`${lines.join('\n')}\n`);
}

async function pause(durationMs: number): Promise<void> {
  // Rejected only when the demo is told to stop, and then the wait is over as well.
  await delay(durationMs, undefined, { signal: stop.signal }).catch(() => undefined);
}
