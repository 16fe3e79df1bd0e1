// Makes calls one after the other, in memory and over loopback, and reads streams; reports CPU per call and per chunk of
// the quietest batch.
const { OpenAI } = require(process.env.BENCH_OPENAI);

const { BENCH_URL: url, BENCH_QUICK: quick } = process.env;
const isQuick = quick === '1';
const BATCHES = isQuick ? 5 : 15;
const WARM_UP = 5;
const CALLS = 150;
/** Of each figure: some are so slow that all batches would take minutes. */
const LIMIT_MS = 15_000;
const STREAMS = isQuick ? 3 : 8;
const EVENTS = Number(process.env.BENCH_EVENTS);

const messages = [{ role: 'user', content: 'Why is the sky blue?' }];
const body = { model: 'gpt-4o-mini', messages };
const answer = process.env.BENCH_ANSWER;
const headers = { 'content-type': 'application/json' };
const inMemory = new OpenAI({
  apiKey: 'sk-bench',
  baseURL: `${url}/v1`,
  fetch: async () => new Response(answer, { headers }),
});
const overLoopback = new OpenAI({ apiKey: 'sk-bench', baseURL: `${url}/v1` });

/** Nanoseconds of this process's CPU, garbage collection and exports of earlier calls included. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function isLate(costs, startedAt) {
  return costs.length > 0 && performance.now() - startedAt > LIMIT_MS;
}

async function costOf(count, work) {
  const costs = [];
  const startedAt = performance.now();
  for (let batch = -WARM_UP; batch < BATCHES && !isLate(costs, startedAt); batch++) {
    const before = cpu();
    for (let i = 0; i < count; i++) {
      await work();
      // What is exported meanwhile gets its turn.
      if (i % 20 === 0) await new Promise(setImmediate);
    }
    if (batch >= 0) costs.push((cpu() - before) / count);
  }
  return Math.min(...costs);
}

async function readStream() {
  let read = 0;
  for await (const chunk of await overLoopback.chat.completions.create({ ...body, stream: true })) {
    if (chunk.choices.length > 0) read++;
  }
  if (read < EVENTS) throw new Error(`${read} chunks`);
}

async function main() {
  const figures = {
    'call, in memory': await costOf(CALLS, () => inMemory.chat.completions.create(body)),
    'call, over loopback': await costOf(CALLS, () => overLoopback.chat.completions.create(body)),
  };
  await readStream();
  const chunks = [];
  const startedAt = performance.now();
  for (let i = 0; i < STREAMS && !isLate(chunks, startedAt); i++) {
    const before = cpu();
    await readStream();
    chunks.push((cpu() - before) / EVENTS);
  }
  figures['streamed chunk'] = Math.min(...chunks);
  // Exports are due every five seconds.
  if (process.env.BENCH_WAITS === '1') await new Promise((resolve) => setTimeout(resolve, 5500));
  process.stdout.write(JSON.stringify(figures));
  process.exit(0);
}

void main();
