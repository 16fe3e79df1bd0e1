import { agents } from './agents.ts';
import { db } from './db.ts';
import { genAi } from './gen-ai.ts';
import { http } from './http.ts';
import { jobs } from './jobs.ts';
import { models } from './models.ts';
import { monitor } from './monitor.ts';
import { operations } from './operations.ts';
import { processes } from './processes.ts';
import { self } from './self.ts';

export type { InstrumentKind, InstrumentSpec } from './spec.ts';

/** Every instrument of gaugeway. */
export const catalogue = {
  ...genAi,
  ...agents,
  ...models,
  ...jobs,
  ...http,
  ...db,
  ...operations,
  ...monitor,
  ...processes,
  ...self,
} as const;

export type Catalogue = typeof catalogue;
export type InstrumentId = keyof Catalogue;
