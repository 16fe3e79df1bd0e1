/*
 * What a process of the matrix runs: every pattern of a library, one after the other. What the application sees goes to
 * the last line of stdout; then the process holds what it holds until a signal ends it.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { PATTERN_NAMES, type PatternName } from '../patterns.ts';
import { type Call, describeError, type Sdk } from '../sdk.ts';

declare const gc: () => void;

/** Never read, and reachable to the end. */
const held: unknown[] = [];

export async function run<Modules extends readonly object[]>(sdk: Sdk<Modules>, modules: Modules): Promise<void> {
  const patterns = sdk.patterns(modules, process.env.BASE_URL ?? '');
  const seen: Partial<Record<PatternName, unknown>> = {};
  let unhandled: unknown[] = [];
  process.on('unhandledRejection', (error) => unhandled.push(describeError(error)));
  for (const name of PATTERN_NAMES) {
    const call = patterns[name];
    if (call === undefined) {
      seen[name] = null;
      continue;
    }
    unhandled = [];
    const result = await treat(name, call);
    await delay(1);
    seen[name] = { ...result, unhandled };
  }
  await delay(50);
  // What came late, after its pattern.
  process.stdout.write(`\n${JSON.stringify({ seen, late: unhandled.length })}\n`);
  setInterval(() => held.length, 1000);
}

async function treat(name: PatternName, call: Call): Promise<object> {
  try {
    if (name === 'stream-never-read') {
      held.push(await call(name));
      return { value: typeof held.at(-1) };
    }
    if (name === 'stream-collected') return { value: await collect(call, name) };
    if (name === 'unhandled') {
      call(name);
      // However slow the machine is; a library that told nobody would hold the run until it is killed.
      await once(process, 'unhandledRejection');
      return {};
    }
    return { value: await call(name) };
  } catch (error) {
    return { error: describeError(error) };
  }
}

async function collect(call: Call, name: PatternName): Promise<string> {
  const type = typeof (await call(name));
  for (let turn = 0; turn < 12; turn++) {
    await delay(10);
    gc();
  }
  return type;
}
