// gaugeway beside other instrumentations of the openai package; needs `npm install --prefix bench --ignore-scripts`.
import { compareCalls } from './callers.mjs';
import { compareGateways } from './gateways.mjs';
import { OPENAI, SETUPS } from './setups.mjs';

export async function comparePeers(binary, isQuick) {
  const results = {};
  for (const [name, openai] of Object.entries(OPENAI)) {
    const { silent, figures } = await compareCalls(binary, openai, SETUPS, isQuick);
    process.stderr.write(`${name}, silent: ${silent.join(', ') || 'nobody'}; ${JSON.stringify(figures)}\n`);
    const setups = SETUPS.filter((setup) => !silent.includes(setup));
    const gateways = await compareGateways(binary, openai, setups, isQuick);
    results[name] = { silent, figures: { ...figures, ...gateways } };
  }
  return results;
}
