// What the observer costs per streamed chunk: undici's own channel messages, published the way undici does it.
import { channel } from 'node:diagnostics_channel';
import { Endpoints } from '../dist/instrumentations/wire/endpoints.js';
import { Exchanges } from '../dist/instrumentations/wire/exchanges.js';
import { watchUndici } from '../dist/instrumentations/wire/undici.js';
import { observe } from '../dist/src/observe.js';
import { streams } from './events.mjs';
import { heapUsed, interleave, isQuick, report, time } from './rounds.mjs';

const create = channel('undici:request:create');
const bodyChunkSent = channel('undici:request:bodyChunkSent');
const bodySent = channel('undici:request:bodySent');
const headers = channel('undici:request:headers');
const bodyChunkReceived = channel('undici:request:bodyChunkReceived');
const trailers = channel('undici:request:trailers');

class Request {
  method = 'POST';
  origin = 'https://api.openai.com';
  constructor(path) {
    this.path = path;
  }
  onData(chunk) {
    this.last = chunk;
  }
}

/** A copy of undici that publishes no chunks, as Node 22 has: its internal method is shadowed. */
class OlderRequest extends Request {}

const POOL = 256;
const CHUNKS = isQuick ? 50_000 : 200_000;
const WARM_UP = 50_000;
const ROUNDS = isQuick ? 7 : 21;

/** Starts `concurrent` streams and returns what delivers the next chunk of one of them. */
function open({ path, first, text }, { concurrent = 1, older = false, together = 1 } = {}) {
  const textOf = (i) => Array.from({ length: together }, (_, of) => text(i * together + of)).join('');
  const all = Buffer.from(Array.from({ length: POOL }, (_, i) => textOf(i)).join(''));
  const pool = [];
  for (let i = 0, at = 0; i < POOL; i++) {
    const length = Buffer.byteLength(textOf(i));
    pool.push(all.subarray(at, at + length));
    at += length;
  }
  const requests = Array.from({ length: concurrent }, () => {
    const request = older ? new OlderRequest(path) : new Request(path);
    create.publish({ request });
    if (!older)
      bodyChunkSent.publish({ request, chunk: Buffer.from('{"model":"some-model","stream":true,"messages":[]}') });
    bodySent.publish({ request });
    const contentType = [Buffer.from('content-type'), Buffer.from('text/event-stream; charset=utf-8')];
    headers.publish({ request, response: { statusCode: 200, headers: contentType } });
    const begin = first.map((event) => Buffer.from(event));
    for (const chunk of begin) older ? request.onData(chunk) : bodyChunkReceived.publish({ request, chunk });
    return request;
  });
  const next = (i) => {
    const request = requests[i % concurrent];
    const chunk = pool[i % POOL];
    if (older) request.onData(chunk);
    else if (bodyChunkReceived.hasSubscribers) bodyChunkReceived.publish({ request, chunk });
  };
  return {
    next,
    bytes: all.length / POOL,
    close() {
      for (const request of requests) trailers.publish({ request });
    },
  };
}

const observed = { listeners: 0 };
observe({ observed: () => observed.listeners++ });

const figures = {};
const cases = Object.entries(streams).map(([name, stream]) => [name, stream, {}]);
cases.push(['openai chat, 50 at once', streams['openai chat'], { concurrent: 50 }]);
cases.push(['openai chat, eight events in it', streams['openai chat'], { together: 8 }]);
cases.push(['openai chat, older undici', streams['openai chat'], { older: true }]);
for (const [name, stream, how] of cases) {
  const bare = open(stream, how);
  const compared = interleave(ROUNDS, {
    bare: () => time(CHUNKS, bare.next),
    measured() {
      const stop = watchUndici(new Exchanges(new Endpoints([])));
      const { next, close } = open(stream, how);
      // A long stream is meant, not the first moments after the channels got a subscriber.
      time(WARM_UP, next);
      const perChunk = time(CHUNKS, next);
      close();
      stop();
      return perChunk;
    },
  });
  figures[name] = { ...compared, bytes: Math.round(bare.bytes) };
}

// Most of what is left: when a chunk came is told by one look at the clock.
const clock = interleave(ROUNDS, {
  bare: () => time(CHUNKS, (i) => figures[i]),
  measured: () => time(CHUNKS, () => performance.now()),
});

// Memory of one stream that goes on and on, while it is open.
const stop = watchUndici(new Exchanges(new Endpoints([])));
const { next, close } = open(streams['openai chat']);
time(100_000, next);
const before = heapUsed();
time(1_000_000, next);
const grownBytes = heapUsed() - before;
close();
stop();
report({ figures, clock, grownBytes, ended: observed.listeners });
