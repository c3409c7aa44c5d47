import { Module } from '@nestjs/common';
import { AuthenticatorsModule } from '../../authenticators/authenticators.module.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { AppsModule } from '../apps/apps.module.js';
import { NoncesModule } from '../nonces/nonces.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { FlexUsersModule } from '../users/users.module.js';
import { AuthenticationRepository } from './authentication.repository.js';
import { AuthenticationService } from './authentication.service.js';
import { CeremoniesController } from './ceremonies.controller.js';
import { HandshakeRepository } from './handshake.repository.js';
import { HandshakeRefusals } from './handshake-refusals.js';
import { HandshakesService } from './handshakes.service.js';
import { RefusalAudit } from './refusal-audit.js';
import { RegistrationRepository } from './registration.repository.js';
import { RegistrationService } from './registration.service.js';
import { UserRefusals } from '../user-refusals.repository.js';
import { UnknownCredentialRepository } from './unknown-credential.repository.js';
import { UnknownCredentials } from './unknown-credentials.js';

/** The two ceremonies of WebAuthn, started and finished by browsers. */
@Module({
  imports: [AppsModule, AuthenticatorsModule, FlexUsersModule, TransactionsModule, NoncesModule],
  controllers: [CeremoniesController],
  providers: [
    DatabaseClock,
    HandshakesService,
    HandshakeRepository,
    AuthenticationRepository,
    AuthenticationService,
    RegistrationRepository,
    RegistrationService,
    HandshakeRefusals,
    RefusalAudit,
    UserRefusals,
    UnknownCredentialRepository,
    UnknownCredentials,
  ],
  exports: [HandshakeRepository],
})
export class CeremoniesModule {}
