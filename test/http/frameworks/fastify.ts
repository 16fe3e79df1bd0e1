import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import Fastify4 from 'fastify-4';
import { createFastifyPlugin } from '../../../src/http/index.ts';
import { drive } from '../server.ts';
import { activeSpan, CHUNKS, FAILURE, type Framework, TEAPOT } from './framework.ts';

/** The types of Fastify 4 exclude those of 5; what is used of it is the same. */
export const fastifies: readonly (readonly [name: string, create: () => FastifyInstance])[] = [
  ['Fastify 5', () => Fastify()],
  ['Fastify 4', () => Fastify4() as unknown as FastifyInstance],
];

async function addRoutes(app: FastifyInstance): Promise<void> {
  app.get('/users/:id', async (_request, reply) => reply.header('x-span', activeSpan()).send('ok'));
  app.post('/echo', async (request, reply) => reply.header('x-span', activeSpan()).send(request.body));
  app.get('/fail', async () => {
    throw FAILURE;
  });
  app.get('/teapot', async () => {
    throw TEAPOT;
  });
  app.get('/stream', async (_request, reply) => {
    reply.hijack();
    for (const chunk of CHUNKS) {
      reply.raw.write(chunk);
      await sleep(20);
    }
    reply.raw.end();
  });
  app.get('/endless', async (_request, reply) => {
    reply.hijack();
    reply.raw.write('data: 1\n\n');
  });
  app.get('/silent', () => undefined);
  const items = async (tenant: FastifyInstance) => void tenant.get('/items/:item', async () => 'item');
  await app.register(items, { prefix: '/tenants/:tenant' });
}

export const fastifyFrameworks: readonly Framework[] = fastifies.map(([name, create]) => ({
  name,
  hasRoutes: true,
  async start({ times = 1, options } = {}) {
    const app = create();
    for (let i = 0; i < times; i++) await app.register(createFastifyPlugin(undefined, options));
    await addRoutes(app);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return drive(app.server);
  },
}));
