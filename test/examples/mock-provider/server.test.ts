import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Behaviour, startMockProvider } from '../../../examples/mock-provider/index.ts';
import { realisticBehaviour } from '../../../examples/mock-provider/realistic.ts';
import { CHAT } from './served.ts';

describe('server', () => {
  it('repeats itself for the same seed', async () => {
    const ids: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const provider = await startMockProvider({ seed: 7 });
      const reply = await fetch(`${provider.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(CHAT) });
      ids.push(((await reply.json()) as { id: string }).id);
      await provider.close();
      await provider.close();
    }
    expect(ids[0]).toBe(ids[1]);
  });

  it('has realistic days', () => {
    const decide = realisticBehaviour(3);
    const again = realisticBehaviour(3);
    const received = { path: '/v1/chat/completions', body: { ...CHAT, stream: true } } as never;
    const answers = Array.from({ length: 5000 }, () => decide(received));
    expect(answers.slice(0, 50)).toEqual(Array.from({ length: 50 }, () => again(received)));
    const share = (test: (answer: Partial<Behaviour>) => boolean) => answers.filter(test).length / answers.length;
    expect(share((answer) => answer.status === 429)).toBeCloseTo(0.03, 1.9);
    expect(share((answer) => answer.status === 500)).toBeCloseTo(0.01, 1.9);
    expect(share((answer) => answer.dropAfterChunks !== undefined)).toBeCloseTo(0.01, 1.9);
    const served = answers.filter((answer) => answer.promptTokens !== undefined);
    const sum = (key: 'cachedTokens' | 'promptTokens') =>
      served.reduce((total, answer) => total + (answer[key] ?? 0), 0);
    expect(sum('cachedTokens') / sum('promptTokens')).toBeCloseTo(0.2, 1);
  });

  it('runs from the command line', async () => {
    const entry = new URL('../../../examples/mock-provider/index.ts', import.meta.url);
    const child = spawn(process.execPath, [entry.pathname, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const url = /http:\S+/.exec(String(line))?.[0];
    expect((await fetch(`${url}/v1/models`)).status).toBe(200);
    await delay(10);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
