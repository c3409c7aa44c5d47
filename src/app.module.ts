import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Configuration } from './config/configuration.js';
import { DatabaseModule } from './database/database.module.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './health/health.module.js';
import { ElementsModule } from './operations/elements.module.js';
import { PasskeysModule } from './passkeys/passkeys.module.js';

/** Puts the service together as its configuration says. */
@Module({})
export class AppModule {
  static async for(configuration: Configuration): Promise<DynamicModule> {
    const passage = await passageModuleFor(configuration);
    const backend = configuration.passage.mode === 'embedded';
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(configuration),
        AuthModule,
        DatabaseModule.for('requests'),
        EventsModule,
        HealthModule,
        ElementsModule,
        PasskeysModule.on(passage),
        ...(backend ? [(await import('./operations/well-known.module.js')).WellKnownModule] : []),
        ...(configuration.demo ? [(await loadDemo()).DemoModule.on(passage)] : []),
      ],
    };
  }
}

/** Only the provider that is used is loaded; with the remote one there is no Flex backend, and no `/v1`. */
const passageModuleFor = async ({ passage }: Configuration) =>
  passage.mode === 'remote'
    ? (await import('./passage/remote/remote-passage.module.js')).RemotePassageModule
    : (await import('./passage/embedded/embedded-passage.module.js')).EmbeddedPassageModule;

/** The demo is loaded only where it runs; the image does not have it. */
async function loadDemo() {
  try {
    return await import('./demo/demo.module.js');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new Error(
      'The demo is not installed here: set NODE_ENV to production, and the settings that it needs.',
      {
        cause,
      },
    );
  }
}
