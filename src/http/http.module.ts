import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessPolicy } from './access-policy.js';

/** Puts every route behind the access policy. */
@Global()
@Module({
  providers: [AccessPolicy, { provide: APP_GUARD, useExisting: AccessPolicy }],
  exports: [AccessPolicy],
})
export class HttpModule {}
