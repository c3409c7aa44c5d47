import { Module } from '@nestjs/common';
import { AppsModule } from '../apps/apps.module.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { ApiKeysService } from './api-keys.service.js';

/** The API keys of apps. */
@Module({
  imports: [AppsModule],
  providers: [ApiKeyRepository, ApiKeysService],
  exports: [ApiKeyRepository, ApiKeysService],
})
export class ApiKeysModule {}
