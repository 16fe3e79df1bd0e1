import type { ContentMessage, ContentPart, ModelContent } from '../../../src/recorders/content.ts';
import type { Draft } from './draft.ts';
import { type Loose, list, loose, media, messageOf, textPart, toolCall, toolResponse } from './parts.ts';

/** Chat completions: instructions are messages among the others. */
export function chatInput({ messages }: Loose): Pick<ModelContent, 'input'> {
  return { input: list(messages).map((message) => chatMessage(loose(message))) };
}

export function chatMessage(message: Loose): ContentMessage {
  const { role, content, tool_calls: calls, tool_call_id: id } = message;
  if (role === 'tool' || role === 'function') return messageOf('tool', [toolResponse(id ?? message.name, content)]);
  const thought = message.reasoning_content ?? message.thinking;
  const parts: ContentPart[] = typeof thought === 'string' ? [{ type: 'reasoning', content: thought }] : [];
  parts.push(...chatParts(content));
  if (typeof message.refusal === 'string') parts.push(textPart(message.refusal));
  for (const call of list(calls)) {
    const { id: callId, function: called } = loose(call);
    parts.push(toolCall(callId, loose(called).name, loose(called).arguments));
  }
  return messageOf(role, parts);
}

export function chatParts(content: unknown): ContentPart[] {
  if (typeof content === 'string') return [textPart(content)];
  return list(content).map((part) => {
    const { type, text, refusal, image_url: image } = loose(part);
    if (typeof part === 'string') return textPart(part);
    if (typeof text === 'string') return textPart(text);
    if (typeof refusal === 'string') return textPart(refusal);
    if (type === 'image_url' || type === 'input_image')
      return media('image', typeof image === 'string' ? image : loose(image).url);
    if (type === 'input_audio') return media('audio', undefined);
    if (type === 'file' || type === 'input_file') return media('document', loose(part).file_url);
    return { type: String(type).slice(0, 50) };
  });
}

export function chatOutput({ choices }: Loose, draft: Draft): void {
  for (const choice of list(choices)) {
    const { index, message, delta, finish_reason: reason } = loose(choice);
    const said = loose(message ?? delta);
    draft.text(index, said.reasoning_content ?? said.reasoning, 'reasoning');
    if (typeof said.content === 'string') draft.text(index, said.content);
    else for (const part of list(said.content)) draft.text(index, loose(part).text);
    draft.text(index, said.refusal);
    for (const call of list(said.tool_calls)) {
      const { index: at, id, function: called } = loose(call);
      const { name, arguments: given } = loose(called);
      // An event without an index (Gemini's) has all of a call.
      draft.tool(index, at ?? id, { id, name, arguments: given });
    }
    draft.finish(index, reason);
  }
}

export function completionInput({ prompt }: Loose): Pick<ModelContent, 'input'> {
  const prompts = (typeof prompt === 'string' ? [prompt] : list(prompt)).filter((one) => typeof one === 'string');
  return { input: prompts.map((one) => messageOf('user', [textPart(one)])) };
}

export function completionOutput({ choices }: Loose, draft: Draft): void {
  for (const choice of list(choices)) {
    const { index, text, finish_reason: reason } = loose(choice);
    draft.text(index, text);
    draft.finish(index, reason);
  }
}
