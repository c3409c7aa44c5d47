import { Test } from '@nestjs/testing';
import { ConfigModule } from './config.module.js';
import { Configuration } from './configuration.js';

it('gives every module the one configuration', async () => {
  const configuration = { environment: 'test' } as Configuration;
  const application = await Test.createTestingModule({
    imports: [ConfigModule.forRoot(configuration)],
  }).compile();
  expect(application.get(Configuration)).toBe(configuration);
  expect(ConfigModule.forRoot(configuration).global).toBe(true);
});
