import { median } from './rounds.mjs';

/**
 * Figures of one set-up from several generations of processes. Two processes that run the same code differ by up to a
 * tenth for as long as they live, so one of each set-up says little, however often it is measured: the median of the
 * generations is given, and their range: that of five holds the true median in 94 of 100 cases, that of three in 75.
 */
function ofGenerations(all) {
  const middle = (key) => median(all.map((figures) => figures[key]));
  const combined = Object.fromEntries(Object.keys(all[0]).map((key) => [key, middle(key)]));
  const figures = all.map(({ above }) => above);
  return { ...combined, low: Math.min(...figures), high: Math.max(...figures), generations: all };
}

/** The same of figures that lie two names deep; of what a generation lacks, from the others. */
export function combineGenerations(all) {
  const figures = {};
  for (const outer of namesIn(all)) {
    const within = all.map((generation) => generation[outer]);
    figures[outer] = {};
    for (const inner of namesIn(within)) {
      figures[outer][inner] = ofGenerations(within.map((own) => own[inner]).filter((told) => told !== undefined));
    }
  }
  return figures;
}

function namesIn(objects) {
  return new Set(objects.flatMap((object) => Object.keys(object)));
}
