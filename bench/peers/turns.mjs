import { median } from '../rounds.mjs';

/** Measures all set-ups in turn, each time in another order: what went before, and how long ago, is a part of what is measured. */
export async function takeTurns(setups, turns, measure) {
  for (let turn = 0; turn < turns; turn++) {
    for (const setup of shuffled([...setups.values()])) await measure(setup);
  }
}

function shuffled(all) {
  for (let left = all.length; left > 1; left--) {
    const drawn = Math.floor(Math.random() * left);
    [all[left - 1], all[drawn]] = [all[drawn], all[left - 1]];
  }
  return all;
}

/** What each set-up took in its windows, compared with the two bare ones of the same turn; those differ by noise alone. */
export function beside(setups, what) {
  const all = (setup) => setups.get(setup).windows.map((window) => window[what]);
  const [bare, again] = [all('bare'), all('bare again')];
  const both = bare.map((figure, turn) => (figure + again[turn]) / 2);
  const noise = Math.abs(median(again.map((figure, turn) => figure - bare[turn])));
  const noiseRatio = median(again.map((figure, turn) => figure / bare[turn]));
  const figures = {};
  for (const setup of setups.keys()) {
    if (setup.startsWith('bare')) continue;
    const paired = (compare) => median(all(setup).map((figure, turn) => compare(figure, both[turn])));
    const above = paired((figure, other) => figure - other);
    const ratio = paired((figure, other) => figure / other);
    figures[setup] = { bare: median(both), above, ratio, noise, noiseRatio };
  }
  return figures;
}
