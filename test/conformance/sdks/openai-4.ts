import { sdk as openai } from './openai.ts';

/** Through node-fetch, and so through node:http. */
export const sdk: typeof openai = { ...openai, dropped: 'ECONNRESET' };
