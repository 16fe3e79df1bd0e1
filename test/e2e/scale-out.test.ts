import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runTool, waitFor } from './servers/index.ts';
import { nanoseconds } from './servers/otlp.ts';
import {
  AGENT,
  FOLDER,
  GATEWAY,
  type Layers,
  type SentSpan,
  SPANS_OF_A_TRACE,
  sendPoints,
  sendTraces,
  startTiers,
  type Tiers,
} from './tiers.ts';

const SAMPLING = join(FOLDER, 'sampling.yaml');
/** Longer than every pause between two attempts. */
const PATIENCE_MS = 90_000;

describe('two agents and two gateways as they ship', () => {
  let tiers: Tiers;
  const sent: { spans: SentSpan[]; points: number[] } = { spans: [], points: [] };

  beforeAll(async () => {
    tiers = await startTiers();
  });
  afterAll(() => tiers?.stop());

  async function send(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const [spans, points] = await Promise.all([sendTraces(tiers, 5), sendPoints(tiers)]);
      sent.spans.push(...spans);
      sent.points.push(...points);
    }
  }

  /** Holds the ledger of what was sent against that of what is stored. */
  async function expectEverythingStored(): Promise<void> {
    const missing = async () => {
      const [traces, points] = [await tiers.backend.traces(), await tiers.backend.points()];
      return {
        spans: sent.spans.filter(({ traceId, spanId }) => !traces.get(traceId)?.has(spanId)).length,
        points: sent.points.filter((value) => !points.has(value)).length,
      };
    };
    await expect.poll(missing, { timeout: PATIENCE_MS, interval: 500 }).toEqual({ spans: 0, points: 0 });
  }

  test('are valid, and so is what is laid over them', async () => {
    for (const files of [[AGENT], [GATEWAY], [GATEWAY, SAMPLING], [GATEWAY, join(FOLDER, 'vendor.yaml')]]) {
      const args = ['validate', ...files.map((file) => `--config=${file}`)];
      const keys = { TRACES_AUTHORIZATION: 'Bearer a', METRICS_AUTHORIZATION: 'Bearer b' };
      expect(await runTool('otelcol', args, keys)).toMatchObject({ code: 0 });
    }
  });

  test('bring all spans of a trace through one gateway, whichever host they came from', async () => {
    await send(20);
    await expectEverythingStored();
    const traces = [...(await tiers.backend.traces()).values()];
    expect(traces).toHaveLength(100);
    const gatewaysOf = traces.map((spans) => new Set([...spans.values()].flatMap((from) => [...from])));
    for (const gateways of gatewaysOf) expect(gateways.size).toBe(1);
    const share = gatewaysOf.filter((gateways) => gateways.has('a')).length;
    expect(share).toBeGreaterThan(20);
    expect(share).toBeLessThan(80);
  });

  test('lose nothing when a gateway is killed and comes back', async () => {
    const [gateway] = tiers.gateways;
    await send(3);
    await gateway.kill();
    await send(10);
    await gateway.start();
    await send(3);
    await expectEverythingStored();
    for (const spans of (await tiers.backend.traces()).values()) {
      const through = new Set([...spans.values()].flatMap((from) => [...from]));
      expect(through.size).toBe(1);
    }
  });

  test('lose nothing when the backend is killed, and the gateways after it', async () => {
    await send(3);
    await tiers.backend.kill();
    await send(10);
    for (const gateway of tiers.gateways) await gateway.kill();
    for (const gateway of tiers.gateways) await gateway.start();
    await send(3);
    await tiers.backend.start();
    await expectEverythingStored();
  });

  test('lose nothing when an agent is killed while no gateway answers', async () => {
    for (const gateway of tiers.gateways) await gateway.kill();
    await send(10);
    const [agent] = tiers.agents;
    await agent.kill();
    await agent.start();
    for (const gateway of tiers.gateways) await gateway.start();
    await expectEverythingStored();
    expect(sent.spans.length).toBeGreaterThan(1200);
  });
});

describe('gateways that sample', () => {
  let tiers: Tiers;
  beforeAll(async () => {
    tiers = await startTiers({ gateway: [SAMPLING], env: { SAMPLING_DECISION_WAIT: '1s' } });
  });
  afterAll(() => tiers?.stop());

  test('keep every failed and every slow trace whole, and a share of the others', async () => {
    const describeTrace = (index: number): object => {
      if (index < 20) return { status: { code: 2 } };
      if (index < 40) return { startTimeUnixNano: nanoseconds(Date.now() - 6000) };
      return {};
    };
    const spans = await sendTraces(tiers, 340, describeTrace);
    const traceIds = [...new Set(spans.map(({ traceId }) => traceId))];
    const isKept = async (ids: readonly string[]) => {
      const traces = await tiers.backend.traces();
      return ids.filter((id) => traces.get(id)?.size === SPANS_OF_A_TRACE).length;
    };
    await expect.poll(() => isKept(traceIds.slice(0, 40)), { timeout: 30_000, interval: 500 }).toBe(40);
    const traces = await tiers.backend.traces();
    for (const stored of traces.values()) expect(stored.size).toBe(SPANS_OF_A_TRACE);
    const others = traceIds.slice(40).filter((id) => traces.has(id)).length;
    // One in ten of 300, give or take what chance does in one run of a million.
    expect(others).toBeGreaterThan(5);
    expect(others).toBeLessThan(65);
  });
});

describe('gateways in a network that others are in as well', () => {
  const tls = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}.pem`, import.meta.url));
  const layers: Layers = {
    gateway: [join(FOLDER, 'secure-gateway.yaml')],
    agent: [join(FOLDER, 'secure-agent.yaml')],
    env: {
      AGENT_TOKEN: 'the token of the agents',
      TLS_CERT_FILE: tls('cert'),
      TLS_KEY_FILE: tls('key'),
      TLS_CA_FILE: tls('cert'),
    },
  };

  test.each([
    ['take what comes with the token', {}, 5],
    ['take nothing with another token', { AGENT_TOKEN: 'a guess' }, 0],
  ])('%s', async (_title, agentEnv, expected) => {
    const tiers = await startTiers({ ...layers, agentEnv });
    try {
      await sendTraces(tiers, 5);
      const stored = async () => (await tiers.backend.traces()).size;
      if (expected > 0) await expect.poll(stored, { timeout: PATIENCE_MS, interval: 200 }).toBe(expected);
      else {
        // What an alert reads: `CollectorLosesData`.
        const lost = /^otelcol_exporter_send_failed_spans_total\{.*loadbalancing.*\} [1-9]/m;
        const pages = () => Promise.all(tiers.agents.map((agent) => agent.metrics()));
        await waitFor(
          'a loss that is counted',
          async () => (await pages()).some((page) => lost.test(page)) || undefined,
        );
        expect(await stored()).toBe(0);
      }
    } finally {
      await tiers.stop();
    }
  });
});
