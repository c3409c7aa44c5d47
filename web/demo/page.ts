/** An element of the page by its id; throws if the page lacks it. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} #${id}`);
  return found;
}

/** What a message is about: it decides the colour. */
export type Tone = 'plain' | 'good' | 'bad';

/** Says something in the page's one live region; without a sentence, takes the last one away. */
export function say(content: readonly (Node | string)[] = [], tone: Tone = 'plain'): void {
  const status = byId('status', HTMLElement);
  status.replaceChildren(...content);
  status.dataset['tone'] = tone;
}
