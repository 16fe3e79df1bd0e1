import type { ContentPart, ModelContent } from '../../../src/recorders/content.ts';
import type { Draft } from './draft.ts';
import { type Loose, list, loose, media, messageOf, textPart, toolCall, toolResponse } from './parts.ts';

export function anthropicInput({ system, messages }: Loose): Pick<ModelContent, 'system' | 'input'> {
  return {
    system: system === undefined ? undefined : blocks(system),
    input: list(messages).map((message) => messageOf(loose(message).role, blocks(loose(message).content))),
  };
}

function blocks(content: unknown): ContentPart[] {
  return typeof content === 'string' ? [textPart(content)] : list(content).map((block) => blockOf(loose(block)));
}

function blockOf(block: Loose): ContentPart {
  const { type, text, thinking, source } = block;
  if (typeof text === 'string') return textPart(text);
  if (typeof thinking === 'string') return { type: 'reasoning', content: thinking };
  if (type === 'tool_use' || type === 'server_tool_use') return toolCall(block.id, block.name, block.input);
  if (type === 'tool_result') {
    return toolResponse(block.tool_use_id, typeof block.content === 'string' ? block.content : blocks(block.content));
  }
  const { url, media_type: mimeType } = loose(source);
  if (type === 'image' || type === 'document') return media(type, url, mimeType);
  return { type: String(type).slice(0, 50) };
}

export function anthropicOutput(document: Loose, draft: Draft): void {
  const { type, index } = document;
  if (type === 'content_block_start') addBlock(loose(document.content_block), index, draft, true);
  else if (type === 'content_block_delta') {
    const { text, thinking, partial_json: json } = loose(document.delta);
    draft.text(0, text);
    draft.text(0, thinking, 'reasoning');
    if (typeof json === 'string') draft.tool(0, index, { arguments: json });
  } else if (type === 'message_delta') draft.finish(0, loose(document.delta).stop_reason);
  else if (type === 'message') {
    list(document.content).forEach((block, at) => {
      addBlock(loose(block), at, draft, false);
    });
    draft.finish(0, document.stop_reason);
  }
}

function addBlock(block: Loose, index: unknown, draft: Draft, isStart: boolean): void {
  draft.text(0, block.text);
  draft.text(0, block.thinking, 'reasoning');
  if (block.type !== 'tool_use' && block.type !== 'server_tool_use') return;
  // A block that begins has an empty object, and its arguments come as text.
  draft.tool(0, index, { id: block.id, name: block.name, arguments: isStart ? undefined : block.input });
}
