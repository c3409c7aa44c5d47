import 'reflect-metadata';
import { IsOptional, IsString } from 'class-validator';
import { LenientBody, StrictBody } from './body.pipe.js';

class Wish {
  @IsOptional()
  @IsString()
  colour?: string | null;
}

class Order {
  @IsString()
  item: string;
}

const asBody = (metatype: new () => object) => ({ type: 'body', metatype }) as const;
const MISSING = { code: 'invalid_request', detail: 'item must be a string' };

describe('the body pipes', () => {
  it.each([
    ['strict', StrictBody],
    ['lenient', LenientBody],
  ])(
    'turn an empty body into a new object each time if no member is required (%s pipe)',
    async (_name, pipe) => {
      const bodies = [await pipe.transform({}, asBody(Wish)), await pipe.transform({}, asBody(Wish))];
      for (const body of bodies) expect(body).toEqual(new Wish());
      for (const body of bodies) expect(body).toBeInstanceOf(Wish);
      expect(bodies[0]).not.toBe(bodies[1]);
    },
  );

  it('refuse an empty body if a member is required, also after another DTO accepted one', async () => {
    await StrictBody.transform({}, asBody(Wish));
    for (let round = 0; round < 2; round++) {
      await expect(StrictBody.transform({}, asBody(Order))).rejects.toMatchObject(MISSING);
    }
  });

  it('validate a body that is not empty, also after an empty one was accepted', async () => {
    await StrictBody.transform({}, asBody(Wish));
    await expect(StrictBody.transform({ colour: 7 }, asBody(Wish))).rejects.toMatchObject({
      detail: 'colour must be a string',
    });
    expect(await StrictBody.transform({ colour: 'red' }, asBody(Wish))).toEqual({ colour: 'red' });
  });

  it('refuse an unknown member if strict, and drop it if lenient', async () => {
    const body = { colour: 'red', size: 1 };
    await expect(StrictBody.transform(body, asBody(Wish))).rejects.toMatchObject({
      detail: 'property size should not exist',
    });
    const kept = await LenientBody.transform(body, asBody(Wish));
    expect(kept).toBeInstanceOf(Wish);
    expect(kept).toEqual({ colour: 'red' });
  });

  it.each([[[]], [null], ['text'], [undefined]])('refuse %j, which is not a JSON object', async (value) => {
    await expect(LenientBody.transform(value, asBody(Wish))).rejects.toMatchObject({
      detail: 'The body must be a JSON object.',
    });
  });
});
