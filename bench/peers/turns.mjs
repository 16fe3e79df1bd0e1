import { median } from '../rounds.mjs';

/** Measures all set-ups in turn; the order turns around, so that none always follows the same one. */
export async function takeTurns(setups, turns, measure) {
  for (let turn = 0; turn < turns; turn++) {
    const order = [...setups.values()];
    for (const setup of turn % 2 === 0 ? order : order.reverse()) await measure(setup);
  }
}

/** What each set-up took in its windows, compared with the bare one of the same turn; two bare ones differ by noise alone. */
export function beside(setups, what) {
  const all = (setup) => setups.get(setup).windows.map((window) => window[what]);
  const bare = all('bare');
  const paired = (setup, compare) => median(all(setup).map((figure, turn) => compare(figure, bare[turn])));
  const above = (setup) => paired(setup, (figure, other) => figure - other);
  const ratio = (setup) => paired(setup, (figure, other) => figure / other);
  const noise = Math.abs(above('bare again'));
  const noiseRatio = ratio('bare again');
  return Object.fromEntries(
    [...setups.keys()]
      .filter((setup) => !setup.startsWith('bare'))
      .map((setup) => [setup, { bare: median(bare), above: above(setup), ratio: ratio(setup), noise, noiseRatio }]),
  );
}
