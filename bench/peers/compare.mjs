// gaugeway beside other instrumentations of the openai package; needs `npm install --prefix bench --ignore-scripts`.
import { run } from '../processes.mjs';
import { compareGateways } from './gateways.mjs';
import { EVENTS, OPENAI, processOf, SETUPS } from './setups.mjs';
import { startUpstream } from './upstream.mjs';

const ROUNDS = 3;

/** Rounds of every set-up in turn, each in a process of its own. */
export async function comparePeers(binary, isQuick) {
  const results = {};
  for (const [name, openai] of Object.entries(OPENAI)) {
    const all = Object.fromEntries(SETUPS.map((setup) => [setup, []]));
    let setups = SETUPS;
    for (let round = 0; round < (isQuick ? 1 : ROUNDS); round++) {
      for (const setup of setups) {
        const upstream = await startUpstream(EVENTS);
        const { flags, env } = processOf(setup, openai, upstream);
        const waits = round === 0 && !setup.startsWith('bare');
        const own = { BENCH_QUICK: isQuick ? '1' : '0', BENCH_WAITS: waits ? '1' : '0' };
        const figures = await run(binary, './peers/calls.cjs', { flags, env: { ...env, ...own } });
        upstream.close();
        const isSilent = waits && upstream.told.traces + upstream.told.metrics === 0;
        if (!isSilent) all[setup].push(figures);
        process.stderr.write(`${name}, ${setup}: ${isSilent ? 'silent' : JSON.stringify(all[setup].at(-1))}\n`);
      }
      // What is silent is not measured.
      setups = setups.filter((setup) => all[setup].length > 0);
    }
    const silent = SETUPS.filter((setup) => !setups.includes(setup));
    const gateways = await compareGateways(binary, openai, setups, isQuick);
    results[name] = { silent, figures: { ...summarize(all, setups), ...gateways } };
  }
  return results;
}

/**
 * The quietest round of each set-up against the quietest of the bare ones: what else runs on the machine only ever adds.
 * The two bare set-ups differ by noise alone.
 */
function summarize(all, setups) {
  const figures = {};
  for (const what of Object.keys(all.bare[0])) {
    const quietest = (setup) => Math.min(...all[setup].map((figure) => figure[what]));
    const bare = Math.min(quietest('bare'), quietest('bare again'));
    const noise = Math.abs(quietest('bare') - quietest('bare again'));
    const noiseRatio = quietest('bare again') / quietest('bare');
    figures[what] = Object.fromEntries(
      setups
        .filter((setup) => !setup.startsWith('bare'))
        .map((setup) => {
          const figure = quietest(setup);
          return [setup, { bare, above: figure - bare, ratio: figure / bare, noise, noiseRatio }];
        }),
    );
  }
  return figures;
}
