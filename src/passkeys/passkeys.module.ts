import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { HistoryController } from './history.controller.js';
import { HistoryService } from './history.service.js';
import { PasskeysController } from './passkeys.controller.js';
import { PasskeysService } from './passkeys.service.js';

/** The user's own passkeys. */
@Module({})
export class PasskeysModule {
  /** @param passage a module that exports a `Passage` provider. */
  static on(passage: NonNullable<ModuleMetadata['imports']>[number]): DynamicModule {
    return {
      module: PasskeysModule,
      imports: [UsersModule, passage],
      controllers: [PasskeysController, HistoryController],
      providers: [PasskeysService, HistoryService],
    };
  }
}
