// What a call and a chunk cost: all set-ups are alive at once and make their calls in turn, each beside the bare one.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { beside } from './beside.mjs';
import { EVENTS, processOf } from './setups.mjs';
import { startUpstream } from './upstream.mjs';

/**
 * Calls of a turn, and before the first: what a call costs falls until thousands have been made, for until then its code
 * is being compiled, and a gateway runs for days.
 */
const WORK = {
  'call, in memory': { count: 150, warmUp: 6000 },
  'call, over loopback': { count: 150, warmUp: 12_000 },
  'streamed chunk': { count: 1, warmUp: 2 },
};
/** No set-up warms up for longer: some take milliseconds a call. */
const LIMIT_MS = 30_000;
/** Exports are due every five seconds. */
const EXPORTED_MS = 5500;

class Caller {
  windows = [];
  #process;
  #upstream;

  static async start(binary, setup, openai) {
    const caller = new Caller();
    caller.#upstream = await startUpstream(EVENTS);
    const { flags, env } = processOf(setup, openai, caller.#upstream);
    caller.#process = fork(fileURLToPath(new URL('./calls.cjs', import.meta.url)), [], {
      execPath: binary,
      execArgv: flags,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    });
    await once(caller.#process, 'message');
    return caller;
  }

  async #make(what, count) {
    this.#process.send({ what, count });
    return (await once(this.#process, 'message'))[0];
  }

  async warmUp() {
    for (const [what, { count, warmUp }] of Object.entries(WORK)) {
      const startedAt = performance.now();
      for (let made = 0; made < warmUp && performance.now() - startedAt < LIMIT_MS; made += count)
        await this.#make(what, count);
    }
  }

  async measure() {
    const window = {};
    for (const [what, { count }] of Object.entries(WORK)) window[what] = await this.#make(what, count);
    this.windows.push(window);
  }

  /** It has not told anybody of any call. */
  get isSilent() {
    const { traces, metrics } = this.#upstream.told;
    return traces + metrics === 0;
  }

  async stop() {
    const gone = once(this.#process, 'exit');
    this.#process.disconnect();
    await gone;
    this.#upstream.close();
  }
}

/** The figures of every set-up that tells anything, and the names of the others. */
export async function compareCalls(binary, openai, setups, isQuick) {
  const callers = new Map();
  for (const setup of setups) callers.set(setup, await Caller.start(binary, setup, openai));
  for (const caller of callers.values()) await caller.warmUp();
  await new Promise((resolve) => setTimeout(resolve, EXPORTED_MS));
  const silent = [];
  for (const [setup, caller] of callers) {
    if (setup.startsWith('bare') || !caller.isSilent) continue;
    callers.delete(setup);
    silent.push(setup);
    await caller.stop();
  }
  for (let turn = 0; turn < (isQuick ? 15 : 60); turn++) {
    const order = [...callers.values()];
    for (const caller of turn % 2 === 0 ? order : order.reverse()) await caller.measure();
  }
  for (const caller of callers.values()) await caller.stop();
  const figures = Object.fromEntries(Object.keys(WORK).map((what) => [what, beside(callers, what)]));
  return { silent, figures };
}
