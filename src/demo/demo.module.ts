import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { DemoSignIn } from './demo-sign-in.service.js';
import { DemoController } from './demo.controller.js';

/** A made-up application around Keyway; loaded in the demo only. */
@Module({})
export class DemoModule {
  /** @param passage a module that exports a `Passage` provider. */
  static on(passage: NonNullable<ModuleMetadata['imports']>[number]): DynamicModule {
    return {
      module: DemoModule,
      imports: [UsersModule, passage],
      controllers: [DemoController],
      providers: [DemoSignIn],
    };
  }
}
