import { connectFramework, expressFrameworks } from './express.ts';
import { fastifyFrameworks } from './fastify.ts';
import type { Framework } from './framework.ts';
import { honoFramework } from './hono.ts';
import { koaFramework } from './koa.ts';

export const frameworks: readonly Framework[] = [
  ...expressFrameworks,
  connectFramework,
  koaFramework,
  ...fastifyFrameworks,
  honoFramework,
];
