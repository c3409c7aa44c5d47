import { demoApp } from '../demo/demo-api.js';

const PLACES: readonly (readonly [placeholder: string, of: 'server' | 'app'])[] = [
  ['https://passkeys.example.com', 'server'],
  ['my-app', 'app'],
];

/** The choices are in the address, so that it can be sent to somebody. */
function rememberChoices(form: HTMLFormElement): void {
  const given = new URLSearchParams(location.search);
  for (const side of ['client', 'backend']) {
    const wanted = document.getElementById(`${side}-${given.get(side) ?? ''}`);
    if (wanted instanceof HTMLInputElement) wanted.checked = true;
  }
  form.addEventListener('change', () => {
    const choices = new URLSearchParams();
    for (const [side, value] of new FormData(form)) if (typeof value === 'string') choices.set(side, value);
    history.replaceState(null, '', `?${choices.toString()}${location.hash}`);
  });
}

function offerCopies(): void {
  for (const figure of document.querySelectorAll('figure')) {
    const button = figure.querySelector('button')!;
    button.hidden = false;
    button.addEventListener('click', () => {
      void navigator.clipboard
        .writeText(figure.querySelector('code:last-of-type')!.textContent)
        .then(() => (button.textContent = 'Copied'));
    });
  }
}

async function fillIn(): Promise<void> {
  const values = { server: location.origin, app: (await demoApp()).appId };
  for (const code of document.querySelectorAll('pre code')) {
    let text = code.textContent;
    for (const [placeholder, of] of PLACES) text = text.replaceAll(placeholder, values[of]);
    code.textContent = text;
  }
  document.getElementById('filled-in')!.textContent =
    `The address of this server, ${values.server}, and its app, ${values.app}, are filled in.`;
}

rememberChoices(document.querySelector('form')!);
offerCopies();
void fillIn();
