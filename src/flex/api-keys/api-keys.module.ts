import { Module } from '@nestjs/common';
import { AppsModule } from '../apps/apps.module.js';
import { ApiKeyGuard } from './api-key.guard.js';
import { ApiKeyProvisioning } from './api-key-provisioning.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { ApiKeysService } from './api-keys.service.js';

/** The API keys of apps, and the guard of the routes that need one. */
@Module({
  imports: [AppsModule],
  providers: [ApiKeyRepository, ApiKeyGuard, ApiKeysService, ApiKeyProvisioning],
  exports: [ApiKeysService],
})
export class ApiKeysModule {}
