// gaugeway beside other instrumentations of the openai package; needs `npm install --prefix bench --ignore-scripts`.

import { combineGenerations } from '../generations.mjs';
import { compareCalls } from './callers.mjs';
import { compareGateways } from './gateways.mjs';
import { OPENAI, SETUPS } from './setups.mjs';

export async function comparePeers(binary, isQuick) {
  const results = {};
  // Each takes half an hour: the short form has one.
  for (const [name, openai] of Object.entries(OPENAI).slice(0, isQuick ? 1 : undefined)) {
    const generations = [];
    const silent = new Set();
    for (let count = 0; count < (isQuick ? 3 : 5); count++) {
      const calls = await compareCalls(binary, openai, SETUPS, isQuick);
      for (const setup of calls.silent) silent.add(setup);
      const setups = SETUPS.filter((setup) => !silent.has(setup));
      generations.push({ ...calls.figures, ...(await compareGateways(binary, openai, setups, isQuick)) });
      process.stderr.write(
        `${name}, silent: ${[...silent].join(', ') || 'nobody'}; ${JSON.stringify(generations.at(-1))}\n`,
      );
    }
    results[name] = { silent: [...silent], figures: combineGenerations(generations) };
  }
  return results;
}
