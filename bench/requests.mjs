// What a request that is no model call costs: all it meets is the `create` event.
import { channel } from 'node:diagnostics_channel';
import { Endpoints } from '../dist/instrumentations/wire/endpoints.js';
import { Exchanges } from '../dist/instrumentations/wire/exchanges.js';
import { watchUndici } from '../dist/instrumentations/wire/undici.js';
import { observe } from '../dist/src/observe.js';
import { interleave, isQuick, report, time } from './rounds.mjs';

const create = channel('undici:request:create');
const bodyChunkReceived = channel('undici:request:bodyChunkReceived');
const trailers = channel('undici:request:trailers');
observe({ observed() {} });

class Request {
  constructor(method, origin, path) {
    this.method = method;
    this.origin = origin;
    this.path = path;
  }
}

const chunk = Buffer.alloc(1000);
/** A request's whole life: created, ten chunks of its answer, ended. */
function life(request) {
  if (create.hasSubscribers) create.publish({ request });
  for (let i = 0; i < 10; i++) if (bodyChunkReceived.hasSubscribers) bodyChunkReceived.publish({ request, chunk });
  if (trailers.hasSubscribers) trailers.publish({ request, trailers: [] });
}

const COUNT = isQuick ? 50_000 : 200_000;
const ROUNDS = isQuick ? 7 : 21;
const PATHS = ['/v1/users/42', '/v1/orders?page=3', '/healthz', '/search?q=models%2Fchat', '/v1/chat'];
const HOSTS = Array.from({ length: 20 }, (_, i) => `https://service-${i}.example.com`);

const cases = {
  'GET of an unknown host': (i) => ['GET', HOSTS[i % 20], PATHS[i % 5]],
  'POST to an unknown host': (i) => ['POST', HOSTS[i % 20], PATHS[i % 5]],
  'POST to another path of a provider': () => ['POST', 'https://api.openai.com', '/v1/files'],
  'POST, a new host each time': (i) => ['POST', `https://tenant-${i}.example.com`, '/v1/users'],
};

const figures = {};
for (const [name, make] of Object.entries(cases)) {
  const step = (i) => {
    const request = new Request(...make(i));
    if (create.hasSubscribers) create.publish({ request });
  };
  figures[name] = watched(step);
}
figures['whole life with ten chunks'] = watched((i) => life(new Request('POST', HOSTS[i % 20], PATHS[i % 5])));

function watched(step) {
  return interleave(ROUNDS, {
    bare: () => time(COUNT, step),
    measured() {
      const stop = watchUndici(new Exchanges(new Endpoints([])));
      const each = time(COUNT, step);
      stop();
      return each;
    },
  });
}

report({ figures });
