/** Prints the state machine of IKEv2 as a Mermaid diagram: `npx tsx scripts/diagram.ts`. */
import { edges } from '../src/ike/v2/transitions.ts';

/** One arrow between two states, however many stories lead along it. */
export function mermaid(): string {
  const arrows = new Map<string, string[]>();
  for (const { from, to, story } of edges()) {
    const arrow = `${from === 'idle' ? '[*]' : from} --> ${to === 'dead' ? '[*]' : to}`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), story.replaceAll(':', ',')]);
  }
  return ['stateDiagram-v2', ...[...arrows].map(([arrow, stories]) => `  ${arrow}: ${stories.join('<br>')}`)].join(
    '\n',
  );
}

console.log(mermaid());
