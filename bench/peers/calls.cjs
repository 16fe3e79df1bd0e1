// Makes calls one after the other, in memory and over loopback, and reads streams, as many as the parent process says;
// tells what one call or chunk took of the CPU.
const { OpenAI } = require(process.env.BENCH_OPENAI);

const { BENCH_URL: url, BENCH_ANSWER: answer } = process.env;
const EVENTS = Number(process.env.BENCH_EVENTS);

const messages = [{ role: 'user', content: 'Why is the sky blue?' }];
const body = { model: 'gpt-4o-mini', messages };
const headers = { 'content-type': 'application/json' };
const inMemory = new OpenAI({
  apiKey: 'sk-bench',
  baseURL: `${url}/v1`,
  fetch: async () => new Response(answer, { headers }),
});
const overLoopback = new OpenAI({ apiKey: 'sk-bench', baseURL: `${url}/v1` });
const compressed = new OpenAI({ apiKey: 'sk-bench', baseURL: `${url}/compressed/v1` });

const WORK = {
  'call, in memory': { units: 1, once: () => inMemory.chat.completions.create(body) },
  'call, over loopback': { units: 1, once: () => overLoopback.chat.completions.create(body) },
  'call, compressed': { units: 1, once: () => compressed.chat.completions.create(body) },
  'streamed chunk': { units: EVENTS, once: readStream },
};

async function readStream() {
  let read = 0;
  for await (const chunk of await overLoopback.chat.completions.create({ ...body, stream: true })) {
    if (chunk.choices.length > 0) read++;
  }
  if (read < EVENTS) throw new Error(`${read} chunks`);
}

/** Nanoseconds of this process's CPU, garbage collection and exports of earlier calls included. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

process.on('message', async ({ what, count }) => {
  const { units, once } = WORK[what];
  const before = cpu();
  for (let i = 0; i < count; i++) {
    await once();
    // What is exported meanwhile gets its turn.
    if (i % 20 === 0) await new Promise(setImmediate);
  }
  process.send((cpu() - before) / count / units);
});
process.on('disconnect', () => process.exit(0));
process.send('ready');
