import type { ResolvedConfig } from '../config.ts';
import { agentsBoard } from './agents.ts';
import type { Board } from './board.ts';
import { jobsBoard } from './jobs.ts';
import { modelsBoard } from './models.ts';
import { overviewBoard } from './overview.ts';
import { performanceBoard } from './performance.ts';
import { runtimeBoard } from './runtime.ts';
import { telemetryBoard } from './telemetry.ts';

const BOARDS = {
  overview: overviewBoard,
  models: modelsBoard,
  agents: agentsBoard,
  performance: performanceBoard,
  jobs: jobsBoard,
  runtime: runtimeBoard,
  telemetry: telemetryBoard,
} as const;

export type BoardId = keyof typeof BOARDS;

/** The uid by which Grafana knows a board. */
export const boardUid = (id: BoardId): string => `gaugeway-${id}`;

/** Every board for a configuration, by its id. */
export function boards(config: ResolvedConfig): Record<BoardId, Board> {
  return Object.fromEntries(Object.entries(BOARDS).map(([id, build]) => [id, build(config)])) as Record<BoardId, Board>;
}
