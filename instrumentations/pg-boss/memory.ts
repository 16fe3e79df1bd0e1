import { Origins } from '../../src/recorders/origins.ts';
import { Recent } from '../../src/recorders/recent.ts';

/** Where jobs were sent in this process: the row of a job has no room for it, and its data is the application's. */
export const origins = new Origins();

const MAX_IDS = 10_000;

const sent = new Recent<true>(MAX_IDS);
const untracked = new Recent<true>(MAX_IDS);
const failures = new Recent<{ readonly attempt: number; readonly startedOn: number }>(MAX_IDS);
let hasFlows = false;

/** What is known of the time at which a job became ready, beside its row. */
export const readiness = {
  /** The job was resumed or retried by hand, or waited for others: its row does not tell when that was. */
  lose(id: string): void {
    untracked.set(id, true);
  },

  sentHere(id: string): void {
    if (hasFlows) sent.set(id, true);
  },

  /** From now on, any job that is not known to be sent in this process may have waited for others. */
  sawFlow(): void {
    hasFlows = true;
  },

  failedHere(id: string, attempt: number, startedOn: number): void {
    failures.set(id, { attempt, startedOn });
  },

  /** When the attempt before this one was claimed, where it failed in this process. */
  previousStart(id: string, attempt: number): number | undefined {
    const failure = failures.get(id);
    return failure?.attempt === attempt - 1 ? failure.startedOn : undefined;
  },

  isUnknown(id: string, attempt: number): boolean {
    return untracked.get(id) === true || (hasFlows && attempt === 1 && sent.get(id) === undefined);
  },
};
