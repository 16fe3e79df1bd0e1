// What a call and a chunk cost: all set-ups are alive at once and make their calls in turn, each beside the bare one.
import { Peer } from './peer.mjs';
import { EVENTS } from './setups.mjs';
import { beside, takeTurns } from './turns.mjs';
import { startUpstream } from './upstream.mjs';

/**
 * Calls of a turn, and before the first. What a call costs falls until tens of thousands have been made, for until then its
 * code is being compiled, and a gateway runs for days; and a turn of a few hundred measures how fast a processor's caches are
 * filled again after the others had it, twice the figure of what goes on.
 */
const WORK = {
  'call, in memory': { count: 5000, warmUp: 20_000 },
  'call, over loopback': { count: 1000, warmUp: 20_000 },
  'call, compressed': { count: 600, warmUp: 6000 },
  'streamed chunk': { count: 1, warmUp: 2 },
};
/** No set-up warms up for longer: some take milliseconds a call. */
const LIMIT_MS = 30_000;
/** By then all spans of one kind of work are exported, those too that gaugeway keeps for a while as they may go on. */
const SETTLED_MS = 16_000;

class Caller {
  windows = [];
  #peer;
  #upstream;

  static async start(binary, setup, openai) {
    const caller = new Caller();
    caller.#upstream = await startUpstream(EVENTS);
    caller.#peer = await Peer.start(binary, './calls.cjs', setup, openai, caller.#upstream);
    return caller;
  }

  async warmUp(what) {
    const { count, warmUp } = WORK[what];
    const startedAt = performance.now();
    for (let made = 0; made < warmUp && performance.now() - startedAt < LIMIT_MS; made += count)
      await this.#peer.ask({ what, count });
  }

  async measure(what) {
    this.windows.push({ [what]: await this.#peer.ask({ what, count: WORK[what].count }) });
  }

  /** It has not told anybody of any call. */
  get isSilent() {
    const { traces, metrics } = this.#upstream.told;
    return traces + metrics === 0;
  }

  async stop() {
    await this.#peer.stop();
    this.#upstream.close();
  }
}

/** The figures of every set-up that tells anything, and the names of the others. */
export async function compareCalls(binary, openai, setups, isQuick) {
  const callers = new Map();
  for (const setup of setups) callers.set(setup, await Caller.start(binary, setup, openai));
  const figures = {};
  for (const what of Object.keys(WORK)) {
    for (const caller of callers.values()) await caller.warmUp(what);
    await takeTurns(callers, isQuick ? 8 : 30, (caller) => caller.measure(what));
    figures[what] = beside(callers, what);
    for (const caller of callers.values()) caller.windows = [];
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  }
  const silent = setups.filter((setup) => !setup.startsWith('bare') && callers.get(setup).isSilent);
  for (const caller of callers.values()) await caller.stop();
  // What is silent is not measured.
  for (const compared of Object.values(figures)) for (const setup of silent) delete compared[setup];
  return { silent, figures };
}
