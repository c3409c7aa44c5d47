import { Module } from '@nestjs/common';
import { AppsModule } from '../apps/apps.module.js';
import { ApiKeyAttempts } from './api-key-attempts.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { ApiKeysService } from './api-keys.service.js';

/** The API keys of apps, and what `@RequiresApiKey()` needs in the modules of the routes that it guards. */
@Module({
  imports: [AppsModule],
  providers: [ApiKeyRepository, ApiKeyAttempts, ApiKeysService],
  exports: [ApiKeyRepository, ApiKeyAttempts, ApiKeysService],
})
export class ApiKeysModule {}
