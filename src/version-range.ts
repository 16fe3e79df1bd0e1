const COMPARATOR = /^(>=|<)(\d+(?:\.\d+){0,2})$/;

/** Whether a version lies in one of the ranges, each written as `>=1.2 <3`; a preview counts as the version it previews. */
export function isWithin(version: string, ranges: readonly string[]): boolean {
  const numbers = numbersOf(version);
  return ranges.some((range) =>
    range.split(' ').every((comparator) => {
      const [, operator, bound] = COMPARATOR.exec(comparator) ?? [];
      if (bound === undefined) throw new TypeError(`"${range}" is no range of versions`);
      const order = compare(numbers, numbersOf(bound));
      return operator === '>=' ? order >= 0 : order < 0;
    }),
  );
}

function numbersOf(version: string): number[] {
  return version.split(/[-+]/, 1).join('').split('.').map(Number);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let place = 0; place < 3; place++) {
    const difference = (a[place] ?? 0) - (b[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
