import type { ReceivedSpan } from './receiver.ts';

/** The names of spans, with their `error.type`, as nested lists; children are sorted by their text. */
export function treeOf(spans: readonly ReceivedSpan[]): unknown[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const isRoot = ({ parentSpanId }: ReceivedSpan) => parentSpanId === undefined || !ids.has(parentSpanId);
  const node = ({ name, attributes, spanId }: ReceivedSpan): unknown[] => [
    [name, attributes['error.type']].filter((part) => part !== undefined).join(' '),
    ...inOrder(spans.filter(({ parentSpanId }) => parentSpanId === spanId).map(node)),
  ];
  return ['', ...inOrder(spans.filter(isRoot).map(node))];
}

function inOrder(nodes: unknown[][]): unknown[][] {
  return nodes.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** A tree in that order, however it is written. */
export function sortedTree([name, ...children]: unknown[]): unknown[] {
  return [name, ...inOrder((children as unknown[][]).map(sortedTree))];
}
