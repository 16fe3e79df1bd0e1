import type { RateLimit } from '../observations.ts';
import { drop, publish } from '../observe.ts';

/** What an answer tells of one limit. */
export interface RateLimitTold {
  readonly target: Pick<RateLimit, 'provider' | 'requestModel' | 'serverAddress' | 'serverPort'>;
  readonly resource: string;
  readonly limit?: number | undefined;
  readonly remaining?: number | undefined;
  readonly resetMs?: number | undefined;
  /** When it said so, Unix milliseconds. */
  readonly time: number;
}

/** Records what providers tell of their rate limits. */
export const rateLimits = {
  tell({ target, resource, limit, remaining, resetMs, time }: RateLimitTold): void {
    if (limit === undefined && remaining === undefined) return;
    // More left than there is: one of the two is something else than its name says.
    if (limit !== undefined && remaining !== undefined && remaining > limit) return drop('invalid_value');
    const { provider, requestModel, serverAddress, serverPort } = target;
    publish(
      Object.freeze({
        kind: 'rate_limit',
        provider,
        requestModel,
        serverAddress,
        serverPort,
        resource,
        limit,
        remaining,
        resetMs,
        time,
      }),
    );
  },
};
