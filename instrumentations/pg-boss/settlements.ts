import { hookFailed } from '../../src/observe.ts';
import { type Settled, settle } from '../../src/recorders/settle.ts';
import { claimsOf, type Settlement, type Settling } from './claims.ts';
import { type CommandResponse, idsOf } from './library.ts';

/** `complete`, `fail`, `cancel` or `deleteJob`, called by pg-boss or by the application: tells the claims that it is about. */
export function settlement(kind: Settlement, call: () => unknown, args: unknown[]): unknown {
  let told: Settling[] | undefined;
  try {
    const claims = claimsOf(idsOf(args[1]));
    const cause = kind === 'fail' ? args[2] : undefined;
    if (claims.length > 0) told = claims.map((claim) => claim.settling(kind, cause));
  } catch (error) {
    hookFailed('the hook of pg-boss', error);
  }
  return told === undefined ? call() : settle(call, new Told(told));
}

class Told implements Settled<unknown> {
  readonly #settlings: readonly Settling[];

  constructor(settlings: readonly Settling[]) {
    this.#settlings = settlings;
  }

  done(response: unknown): void {
    const { requested, affected, settled } = (response ?? {}) as CommandResponse;
    // Earlier versions tell only how many.
    const all = affected === 0 ? false : affected !== undefined && affected === requested ? true : undefined;
    const ids = Array.isArray(settled) ? (settled as readonly string[]) : undefined;
    const among = ids !== undefined && ids.length > 8 ? new Set(ids) : undefined;
    for (const settling of this.#settlings) {
      const { id } = settling.claim;
      settling.claim.settled(settling, ids === undefined ? all : (among?.has(id) ?? ids.includes(id)));
    }
  }

  failed(error: unknown): void {
    for (const settling of this.#settlings) settling.claim.settled(settling, undefined, error ?? new Error());
  }

  unobservable(): void {
    for (const settling of this.#settlings) settling.claim.settled(settling, undefined);
  }
}
