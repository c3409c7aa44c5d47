import { type DynamicModule, Module } from '@nestjs/common';
import { AuthenticatorsModule } from './authenticators/authenticators.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Configuration } from './config/configuration.js';
import { DatabaseModule } from './database/database.module.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { EmbeddedPassageModule } from './passage/embedded/embedded-passage.module.js';
import { PasskeysModule } from './passkeys/passkeys.module.js';

/** Puts the service together as its configuration says. */
@Module({})
export class AppModule {
  static async for(configuration: Configuration): Promise<DynamicModule> {
    const passage = EmbeddedPassageModule;
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(configuration),
        HttpModule,
        DatabaseModule,
        EventsModule,
        AuthenticatorsModule,
        HealthModule,
        PasskeysModule.on(passage),
        ...(configuration.demo ? [(await import('./demo/demo.module.js')).DemoModule.on(passage)] : []),
      ],
    };
  }
}
