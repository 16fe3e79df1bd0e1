// A small gateway: hands a request's messages to the SDK, and what comes as a stream back as it comes.
const { createServer } = require('node:http');
const { OpenAI } = require(process.env.BENCH_OPENAI);

const client = new OpenAI({ apiKey: 'sk-bench', baseURL: `${process.env.BENCH_URL}/short/v1`, maxRetries: 0 });

const server = createServer(async (request, response) => {
  try {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const { messages } = JSON.parse(Buffer.concat(pieces).toString());
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const stream = await client.chat.completions.create({ model: 'gpt-4o-mini', messages, stream: true });
    for await (const chunk of stream) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    response.end('data: [DONE]\n\n');
  } catch (error) {
    response.destroy(error);
  }
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
// How much was burnt between two questions is for the other side to say.
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuNs: (user + system) * 1000 });
});
process.on('disconnect', () => process.exit(0));
