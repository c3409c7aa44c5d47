import { PassThrough } from 'node:stream';
import { confirm } from './confirm.js';
import { UsageError } from './failure.js';

const WHAT = 'This deletes the app shop.';

/** Confirms what is about to happen to `shop`, with this typed on a terminal; answers with what was shown there. */
async function onTerminal(typed: string | null): Promise<string> {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough({ encoding: 'utf8' });
  if (typed !== null) input.write(typed);
  input.end();
  await confirm(WHAT, 'shop', undefined, { input, output });
  return output.read() as string;
}

it('requires the id to be typed on a terminal, and accepts nothing else', async () => {
  expect(await onTerminal('shop\n')).toBe(`${WHAT}\nType shop to go on: `);
  for (const typed of ['yes\n', '\n', 'shopp\n', null]) {
    await expect(onTerminal(typed)).rejects.toMatchObject({
      code: 'not_confirmed',
      message: 'Nothing was changed.',
    });
  }
});

it('does not ask when --yes was given', async () => {
  const output = new PassThrough();
  await confirm(WHAT, 'shop', true, { input: new PassThrough(), output });
  expect(output.read()).toBeNull();
});

it('says to add --yes when there is no terminal', async () => {
  const terminal = { input: new PassThrough(), output: new PassThrough() };
  const asked = confirm(WHAT, 'shop', undefined, terminal);
  await expect(asked).rejects.toThrow(new UsageError(`${WHAT} Add --yes to go on.`));
});
