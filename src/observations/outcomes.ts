/** How a call or attempt ended: exactly one of these, once. */
export type Outcome = 'success' | 'error' | 'timeout' | 'aborted' | 'abandoned';
