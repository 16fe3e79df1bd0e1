// Reads long streams with fetch, and tells its CPU time per chunk. Whether it is measured is for its parent to say.
import { report } from './rounds.mjs';

const { BENCH_URL: url, BENCH_STREAMS: streams, BENCH_EVENTS: events } = process.env;

async function read() {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o-mini', stream: true, messages: [] }),
  });
  for await (const _ of response.body);
}

await read();
const before = process.cpuUsage();
const startedAt = performance.now();
for (let i = 0; i < Number(streams); i++) await read();
// As the server sent them: fetch hands several that arrived together to the application as one.
const chunks = Number(streams) * Number(events);
const wall = performance.now() - startedAt;
const { user, system } = process.cpuUsage(before);
report({ cpuNs: ((user + system) * 1000) / chunks, wallNs: (wall * 1e6) / chunks });
process.exit(0);
