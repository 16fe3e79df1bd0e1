import { describe, expect, it } from 'vitest';
import { createPlatform } from './create.ts';
import { TAGS } from './platform.ts';

describe('the error rate of a group', () => {
  it('counts the calls of every group that has its tags and more, also of one that comes later', () => {
    const { monitor } = createPlatform({ config: { errorRateThreshold: 0.5 } });
    const call = (modelId: string) => monitor.recordLatency(5, { provider: 'openai', modelId });
    const fail = () => monitor.recordError({ provider: 'openai' });
    for (let i = 0; i < 12; i++) call('early');
    for (let i = 0; i < 10; i++) fail();
    for (let i = 0; i < 40; i++) call('late');
    for (let i = 0; i < 10; i++) fail();
    monitor.recordLatency(5, { provider: 'another', modelId: 'early' });
    expect(monitor.detectAnomalies()).toEqual([]);
    for (let i = 0; i < 7; i++) fail();
    expect(monitor.detectAnomalies()).toMatchObject([{ metricName: 'error_rate provider=openai', value: 27 / 52 }]);
  });

  it('is told as a spike when it is above its threshold and three times the rate before', () => {
    const { monitor, clock, logger } = createPlatform();
    const run = (calls: number, errorEvery: number) => {
      for (let i = 1; i <= calls; i++) {
        monitor.recordLatency(10, TAGS);
        if (i % errorEvery === 0) monitor.recordError(TAGS);
        clock.advance(100);
      }
    };
    run(6000, 50);
    expect(logger.warn).not.toHaveBeenCalled();
    run(3000, 5);
    const [anomaly, ...others] = monitor.detectAnomalies();
    expect(others).toEqual([]);
    expect(anomaly).toMatchObject({ anomalyType: 'high_error_rate', severity: 'warning' });
    expect(anomaly?.metricName).toBe('error_rate modelId=gpt-5-mini operation=chat provider=openai');
    expect(anomaly?.value).toBeGreaterThan(0.1);
  });

  it('is told when it is over, and again when it comes back', () => {
    const { monitor, clock } = createPlatform();
    const run = (calls: number, errors: number) => {
      for (let i = 0; i < calls; i++) {
        monitor.recordLatency(10, TAGS);
        if (i < errors) monitor.recordError(TAGS);
        clock.advance(1000);
      }
      return monitor.detectAnomalies().map(({ severity }) => severity);
    };
    expect(run(100, 50)).toEqual(['critical']);
    expect(run(3500, 0)).toEqual(['critical', 'info']);
    expect(run(300, 200)).toEqual(['info', 'warning']);
  });

  it('says nothing below 20 calls', () => {
    const { monitor } = createPlatform();
    for (let i = 0; i < 19; i++) monitor.recordError(TAGS);
    expect(monitor.detectAnomalies()).toEqual([]);
    monitor.recordError(TAGS);
    expect(monitor.detectAnomalies()).toMatchObject([{ severity: 'critical', value: 1, threshold: 0.1 }]);
  });
});
