import { parentPort, workerData } from 'node:worker_threads';
import { File } from './file.ts';
import { type Answer, DONE, LOST, type Request, SIZE, type ThreadData, WRITTEN } from './protocol.ts';

const { path, retention, counts, size, answers } = workerData as ThreadData;
const file = new File(path, retention);
const port = parentPort;
size[SIZE] = file.size;

port?.on('message', (request: Request) => {
  answer(request);
  // The other side may be asleep until this.
  Atomics.add(counts, DONE, 1);
  Atomics.notify(counts, DONE);
});

function answer(request: Request): void {
  switch (request.kind) {
    case 'write':
      try {
        file.write(request.rows);
      } catch {
        // Not even memory takes them.
        Atomics.add(counts, LOST, request.rows.length);
      }
      Atomics.add(counts, WRITTEN, request.rows.length);
      size[SIZE] = file.size;
      break;
    case 'read':
      answers.postMessage(readOrFail(request));
      break;
    case 'close':
      file.close();
      answers.close();
      port?.close();
  }
}

function readOrFail({ query, values }: Request & { kind: 'read' }): Answer {
  try {
    return { rows: file.read(query, values) };
  } catch (error) {
    return { error };
  }
}
