/** What the wall clock may gain or lose on the monotonic one before it counts as set. */
const TOLERANCE_MS = 1000;

/** A clock that never keeps still. */
const MAX_SETTINGS = 1000;

/** By how much the wall clock is ahead of the monotonic one, from when on. */
interface Setting {
  readonly from: number;
  readonly ahead: number;
}

/**
 * The wall clock as rows grow old by it. Rows bear the time of the clock when they came; one that is set forward makes all
 * of them look older than they are, and nothing that was deleted comes back. So a setting counts once everything that
 * came before it has passed its age on the clock that is never set; what is kept for too long by that is bounded by size.
 */
export class AgeClock {
  readonly #maxAgeMs: number;
  readonly #settings: Setting[] = [];

  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs;
  }

  now(): number {
    const monotonic = performance.now();
    const settings = this.#settings;
    const ahead = Date.now() - monotonic;
    const last = settings.at(-1);
    if (last === undefined || Math.abs(ahead - last.ahead) > TOLERANCE_MS) settings.push({ from: monotonic, ahead });
    // The first one held until the second began.
    while (settings[1] !== undefined && monotonic - settings[1].from > this.#maxAgeMs) settings.shift();
    if (settings.length > MAX_SETTINGS) {
      const [oldest, next] = settings.splice(0, 2) as [Setting, Setting];
      settings.unshift({ from: next.from, ahead: Math.min(oldest.ahead, next.ahead) });
    }
    let least = ahead;
    for (const setting of settings) least = Math.min(least, setting.ahead);
    return monotonic + least;
  }
}
