import type { ModelCallResult, ModelCallStart, RunningCall } from './call-details.ts';
import type { Failure } from './failures.ts';
import type { Inbound } from './inbound.ts';

/** What a hook knows of a call that it opens. */
export interface HookedCallStart extends ModelCallStart {
  /** False where somebody else makes the span. @default true */
  readonly span?: boolean | undefined;
  /** True where provider, operation and model are what the library calls them: the wire tells them better. @default false */
  readonly isGuess?: boolean | undefined;
  /** The inbound request that it was made for, where that was found when it was made. */
  readonly inbound?: Inbound | undefined;
  /** Told what the call came to, where it is not part of another one. */
  readonly ended?: ((failure: Failure | undefined, endedAt: number) => void) | undefined;
}

/** A running call or layer as the recorders see it. */
export interface RecordedCall extends RunningCall {
  /** The wire has seen an exchange of it, and reads there what came of it. */
  readonly isSeen: boolean;
  /**
   * The work handed back what cannot be awaited (a stream, an SDK's promise): the call ends with the exchange that feeds
   * it, and is unknown without one.
   */
  endWithStream(result?: ModelCallResult, at?: number): void;
  /** The same, a moment later. */
  endWithStreamLater(): void;
  /** Ended with a verdict that somebody has already come to. */
  settleAs(failure: Failure | undefined, result?: ModelCallResult, at?: number): void;
}
