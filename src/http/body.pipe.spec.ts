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

describe('a body', () => {
  it.each([
    ['strict', StrictBody],
    ['lenient', LenientBody],
  ])(
    'that is empty is an object of its own each time, where the %s pipe needs nothing of it',
    async (_name, pipe) => {
      const bodies = [await pipe.transform({}, asBody(Wish)), await pipe.transform({}, asBody(Wish))];
      for (const body of bodies) expect(body).toEqual(new Wish());
      for (const body of bodies) expect(body).toBeInstanceOf(Wish);
      expect(bodies[0]).not.toBe(bodies[1]);
    },
  );

  it('that is empty is refused each time, where a member is needed, also after another DTO passed', async () => {
    await StrictBody.transform({}, asBody(Wish));
    for (let round = 0; round < 2; round++) {
      await expect(StrictBody.transform({}, asBody(Order))).rejects.toMatchObject(MISSING);
    }
  });

  it('that is not empty is looked at, also after an empty one passed', async () => {
    await StrictBody.transform({}, asBody(Wish));
    await expect(StrictBody.transform({ colour: 7 }, asBody(Wish))).rejects.toMatchObject({
      detail: 'colour must be a string',
    });
    expect(await StrictBody.transform({ colour: 'red' }, asBody(Wish))).toEqual({ colour: 'red' });
  });

  it('with a member that is not known is refused on our own API, and loses it on the Flex protocol', async () => {
    const body = { colour: 'red', size: 1 };
    await expect(StrictBody.transform(body, asBody(Wish))).rejects.toMatchObject({
      detail: 'property size should not exist',
    });
    const kept = await LenientBody.transform(body, asBody(Wish));
    expect(kept).toBeInstanceOf(Wish);
    expect(kept).toEqual({ colour: 'red' });
  });

  it.each([[[]], [null], ['text'], [undefined]])(
    'that is %j is refused: it is not a JSON object',
    async (value) => {
      await expect(LenientBody.transform(value, asBody(Wish))).rejects.toMatchObject({
        detail: 'The body must be a JSON object.',
      });
    },
  );
});
