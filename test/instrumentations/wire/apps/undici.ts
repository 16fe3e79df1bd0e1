/* Every way to send and to read through undici's own functions; what the application sees goes to stdout. */
import { Readable, Writable } from 'node:stream';

const BASE = process.env.BASE_URL ?? '';
const PATH = '/v1/chat/completions';

interface Undici {
  request(
    url: string,
    options: object,
  ): Promise<{ statusCode: number; body: AsyncIterable<Buffer> & { json(): Promise<unknown> } }>;
  stream(url: string, options: object, factory: () => Writable): Promise<unknown>;
  fetch: typeof fetch;
  FormData: typeof FormData;
}

async function main(): Promise<void> {
  const undici = (await import(process.env.CLIENT ?? '')) as Undici;
  const headers = { 'content-type': 'application/json' };
  const json = (model: string, more: object = {}): string => JSON.stringify({ model, messages: [], ...more });
  async function* pieces(model: string): AsyncGenerator<Buffer> {
    for (const byte of Buffer.from(json(model))) yield Buffer.from([byte]);
  }
  const status = async (body: unknown, more: object = {}): Promise<unknown> => {
    const answer = await undici.request(BASE + PATH, { method: 'POST', headers, body, ...more });
    const { usage } = (await answer.body.json()) as { usage?: unknown };
    return [answer.statusCode, usage];
  };
  const form = new undici.FormData();
  form.set('model', 'form');
  let streamed = '';
  const sink = (): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        streamed += chunk;
        done();
      },
    });
  const results: Record<string, unknown> = {
    string: await status(json('string')),
    buffer: await status(Buffer.from(json('buffer'))),
    bytes: await status(new TextEncoder().encode(json('bytes'))),
    stream: await status(Readable.from(pieces('stream'))),
    iterator: await status(pieces('iterator')),
    form: await undici.fetch(BASE + PATH, { method: 'POST', body: form }).then(({ status: code }) => code),
    fetch: await undici
      .fetch(BASE + PATH, { method: 'POST', headers, body: json('fetch') })
      .then((answer) => answer.text())
      .then(({ length }) => length > 0),
    written: await undici
      .stream(BASE + PATH, { method: 'POST', headers, body: json('written', { stream: true }) }, sink)
      .then(() => streamed.match(/word/g)?.length),
    // Leaves in the very call that hands over the last chunk.
    left: await new Promise((resolve) => {
      void undici
        .request(BASE + PATH, { method: 'POST', headers, body: json('left', { stream: true }) })
        .then(({ body }) => {
          const source = body as unknown as Readable;
          source.on('error', () => undefined);
          source.on('data', (chunk: Buffer) => {
            if (!chunk.includes('[DONE]')) return;
            source.destroy();
            resolve('left');
          });
        });
    }),
    unrelated: await undici.request(`${BASE}/v1/models`, { method: 'GET' }).then(({ statusCode }) => statusCode),
  };
  process.stdout.write(JSON.stringify(results));
}

void main();
