import type { ContentPart, ModelContent } from '../../../src/recorders/content.ts';
import type { Draft } from './draft.ts';
import { type Loose, list, loose, media, messageOf, textPart, toolCall, toolResponse } from './parts.ts';

export function converseInput({ system, messages }: Loose): Pick<ModelContent, 'system' | 'input'> {
  return {
    system: system === undefined ? undefined : list(system).map((block) => blockOf(loose(block))),
    input: list(messages).map((message) => {
      const { role, content } = loose(message);
      return messageOf(
        role,
        list(content).map((block) => blockOf(loose(block))),
      );
    }),
  };
}

function blockOf(block: Loose): ContentPart {
  const { text, toolUse, toolResult, reasoningContent } = block;
  if (typeof text === 'string') return textPart(text);
  if (toolUse !== undefined) return toolCall(loose(toolUse).toolUseId, loose(toolUse).name, loose(toolUse).input);
  if (toolResult !== undefined) {
    const { toolUseId, content } = loose(toolResult);
    return toolResponse(
      toolUseId,
      list(content).map((one) => loose(one).json ?? blockOf(loose(one))),
    );
  }
  if (reasoningContent !== undefined) return { type: 'reasoning', content: String(thoughtOf(reasoningContent) ?? '') };
  const [kind = 'unknown'] = Object.keys(block);
  if (['image', 'video', 'audio', 'document'].includes(kind)) return media(kind, undefined);
  return { type: kind.slice(0, 50) };
}

function thoughtOf(reasoning: unknown): unknown {
  const { text, reasoningText } = loose(reasoning);
  return text ?? loose(reasoningText).text;
}

export function converseOutput(document: Loose, draft: Draft, event: string): void {
  const { contentBlockIndex: index, start, delta, stopReason } = document;
  if (event === 'contentBlockStart') {
    const { toolUseId: id, name } = loose(loose(start).toolUse);
    if (name !== undefined) draft.tool(0, index, { id, name });
  } else if (event === 'contentBlockDelta') {
    const { text, toolUse, reasoningContent } = loose(delta);
    draft.text(0, text);
    draft.text(0, thoughtOf(reasoningContent), 'reasoning');
    if (toolUse !== undefined) draft.tool(0, index, { arguments: loose(toolUse).input });
  } else {
    list(loose(loose(document.output).message).content).forEach((block, at) => {
      const { text, toolUse, reasoningContent } = loose(block);
      draft.text(0, text);
      draft.text(0, thoughtOf(reasoningContent), 'reasoning');
      const { toolUseId: id, name, input } = loose(toolUse);
      if (toolUse !== undefined) draft.tool(0, at, { id, name, arguments: input });
    });
  }
  draft.finish(0, stopReason);
}
