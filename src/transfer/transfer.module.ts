import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { ExportRepository } from './export.repository.js';
import { ExportService } from './export.service.js';
import { ImportService } from './import.service.js';
import { ImportStateRepository } from './import-state.repository.js';
import { ImportWritesRepository } from './import-writes.repository.js';

/** Import and export of an app's users and passkeys; needs the global modules of the database and of events. */
@Module({
  imports: [UsersModule],
  providers: [ImportService, ImportStateRepository, ImportWritesRepository, ExportService, ExportRepository],
  exports: [ImportService, ExportService],
})
export class TransferModule {}
