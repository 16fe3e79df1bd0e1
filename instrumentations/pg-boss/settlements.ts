import { guarded } from '../../src/observe.ts';
import { settle } from '../../src/recorders/settle.ts';
import { claimsOf, type Settlement } from './claims.ts';
import { type CommandResponse, idsOf } from './library.ts';

/** `complete`, `fail`, `cancel` or `deleteJob`, called by pg-boss or by the application: tells the claims that it is about. */
export function settlement(kind: Settlement, call: () => unknown, args: unknown[]): unknown {
  const told: { id: string; tell: (taken: boolean | undefined, error?: unknown) => void }[] = [];
  guarded('the hook of pg-boss', () => {
    const cause = kind === 'fail' ? args[2] : undefined;
    for (const claim of claimsOf(idsOf(args[1]))) told.push({ id: claim.id, tell: claim.settling(kind, cause) });
  });
  if (told.length === 0) return call();
  return settle(call, {
    done(response) {
      const taken = takenBy(response as CommandResponse | null | undefined);
      for (const { id, tell } of told) tell(taken(id));
    },
    failed(error) {
      for (const { tell } of told) tell(undefined, error ?? new Error());
    },
    unobservable() {
      for (const { tell } of told) tell(undefined);
    },
  });
}

/** Which jobs the call took effect on; earlier versions tell only how many. */
function takenBy(response: CommandResponse | null | undefined): (id: string) => boolean | undefined {
  const { requested, affected, settled } = response ?? {};
  if (Array.isArray(settled)) {
    const ids = new Set(settled);
    return (id) => ids.has(id);
  }
  const all = affected === 0 ? false : affected !== undefined && affected === requested ? true : undefined;
  return () => all;
}
