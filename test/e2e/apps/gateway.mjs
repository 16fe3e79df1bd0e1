// A model gateway: continues the caller's trace and asks the provider.
import { createServer } from 'node:http';
import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import OpenAI from 'openai';

const openai = new OpenAI({ baseURL: process.env.OPENAI_URL, apiKey: 'none', maxRetries: 0 });

async function summarise(text, behaviour) {
  const { choices } = await openai.chat.completions.create(
    { model: 'gpt-4o-mini', messages: [{ role: 'user', content: text }] },
    { headers: { 'x-mock-behaviour': JSON.stringify(behaviour) } },
  );
  return choices[0].message.content;
}

createServer(async (request, response) => {
  if (request.method === 'GET') return response.end('ready');
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const { text, behaviour } = JSON.parse(body);
  try {
    const caller = propagation.extract(ROOT_CONTEXT, request.headers);
    response.end(await context.with(caller, () => summarise(text, behaviour)));
  } catch (error) {
    response.writeHead(error.status ?? 502).end();
  }
}).listen(Number(process.env.PORT), '127.0.0.1');
