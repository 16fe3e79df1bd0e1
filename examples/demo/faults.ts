import type { Behaviour, ReceivedRequest } from '../mock-provider/index.ts';
import { realisticBehaviour } from '../mock-provider/realistic.ts';

/** A realistic day whose rarer failures do not let a spectator wait: each kind comes within the first hundred requests. */
export function demoBehaviour(): (request: ReceivedRequest) => Partial<Behaviour> {
  const realistic = realisticBehaviour();
  let requests = 0;
  return (request) => {
    requests += 1;
    const usual = realistic(request);
    if (requests % 40 === 15) return { ...usual, status: 429, retryAfterSeconds: 1 };
    if (requests % 90 === 35) return { ...usual, status: 500 };
    if (requests % 30 === 25 && (usual.chunks ?? 0) > 1 && usual.firstChunkDelayMs !== undefined) {
      return { ...usual, dropAfterChunks: 1 };
    }
    return usual;
  };
}
