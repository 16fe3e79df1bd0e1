/** A gateway of the application, and the models that it asks. */
export const OUTER = { provider: 'my_gateway', model: 'best' };
export const OPENAI = { provider: 'openai', model: 'gpt-4o' };
export const CLAUDE = { provider: 'anthropic', model: 'claude-sonnet' };

/** Ends of an exchange. */
export const OVERLOADED = { outcome: 'error', errorType: 'overloaded_error' } as const;
export const ABORTED = { outcome: 'aborted', errorType: 'aborted' } as const;
