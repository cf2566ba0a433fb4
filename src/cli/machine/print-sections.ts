/** Sections as text under titles, or as one JSON object. */
import type { Output } from '../output.ts';

export async function printSections(
  sections: AsyncIterable<{ readonly title: string; readonly text: string }>,
  json: boolean,
  output: Output,
): Promise<void> {
  const all: { readonly title: string; readonly text: string }[] = [];
  for await (const section of sections) {
    if (json) all.push(section);
    else await output.out(`=== ${section.title}\n${section.text}\n\n`);
  }
  if (json) await output.out(`${JSON.stringify({ sections: all }, undefined, 2)}\n`);
}
