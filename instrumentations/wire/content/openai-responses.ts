import type { ContentMessage, ModelContent } from '../../../src/recorders/content.ts';
import type { Draft } from './draft.ts';
import { chatParts } from './openai-chat.ts';
import { type Loose, list, loose, messageOf, textPart, toolCall, toolResponse } from './parts.ts';

export function responsesInput({ instructions, input }: Loose): Pick<ModelContent, 'system' | 'input'> {
  return {
    system: typeof instructions === 'string' ? [textPart(instructions)] : undefined,
    input:
      typeof input === 'string'
        ? [messageOf('user', [textPart(input)])]
        : list(input).map((item) => itemOf(loose(item))),
  };
}

function itemOf(item: Loose): ContentMessage {
  switch (item.type) {
    case 'function_call':
    case 'custom_tool_call':
      return messageOf('assistant', [toolCall(item.call_id, item.name, item.arguments ?? item.input)]);
    case 'function_call_output':
    case 'custom_tool_call_output':
      return messageOf('tool', [toolResponse(item.call_id, item.output)]);
    case 'reasoning':
      return messageOf('assistant', [{ type: 'reasoning', content: summaryOf(item) }]);
    default:
      return item.content === undefined
        ? messageOf('assistant', [{ type: String(item.type).slice(0, 50) }])
        : messageOf(item.role, chatParts(item.content));
  }
}

function summaryOf({ summary }: Loose): string {
  return list(summary)
    .map((part) => loose(part).text)
    .filter((text) => typeof text === 'string')
    .join('\n');
}

/** All items are one message; a stream tells each of them whole when it is done. */
export function responsesOutput(document: Loose, draft: Draft): void {
  const { type, delta, item, output, status, response } = document;
  if (type === 'response.output_text.delta') draft.text(0, delta);
  else if (type === 'response.refusal.delta') draft.text(0, delta);
  else if (type === 'response.output_item.done') addItem(loose(item), draft, true);
  else if (type === 'response.completed' || type === 'response.incomplete') draft.finish(0, loose(response).status);
  else if (type === undefined || document.object === 'response') {
    for (const one of list(output)) addItem(loose(one), draft, false);
    draft.finish(0, status);
  }
}

function addItem(item: Loose, draft: Draft, isTextTold: boolean): void {
  const { type, id, call_id: callId, name } = item;
  if (type === 'function_call' || type === 'custom_tool_call') {
    draft.tool(0, id ?? callId, { id: callId, name, arguments: item.arguments ?? item.input });
  } else if (type === 'reasoning') draft.text(0, summaryOf(item), 'reasoning');
  else if (type === 'message' && !isTextTold) {
    for (const part of list(item.content)) draft.text(0, loose(part).text ?? loose(part).refusal);
  }
}
